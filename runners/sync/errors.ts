/** The service could not be started: the message says on which address, why, and the cure. */
export class SyncStartError extends Error {
  override readonly name = 'SyncStartError'
}

/** A request that Testground's decoder would refuse; the connection it came on is closed with 1007. */
export class MalformedRequestError extends Error {
  override readonly name = 'MalformedRequestError'
}

/** A bound of the service was reached: the message says which, how large it is, and the cure. */
export class SyncLimitError extends Error {
  override readonly name = 'SyncLimitError'
}
