/** No connection to a peer came about. The cause is what libp2p or the resolver said. */
export class ConnectError extends Error {
  override name = 'ConnectError'
}

/** A neighbour told something about its own neighbours that breaks the rules of the peer exchange. */
export class ExchangeError extends Error {
  override name = 'ExchangeError'
}

/** What an error says, with what its parts say where it is one of several. */
export function reasonOf (err: unknown): string {
  if (err instanceof AggregateError && err.errors.length > 0) {
    return [...new Set(err.errors.map(reasonOf))].join(', ')
  }

  return err instanceof Error && err.message !== '' ? err.message : String(err)
}
