/** The HTTP interface cannot be offered as asked. */
export class HttpInitError extends Error {
  override name = 'HttpInitError'
}

/** A request cannot be answered as asked; the message is the sentence of the answer. */
export class RequestError extends Error {
  override name = 'RequestError'
  readonly statusCode: number

  constructor (statusCode: number, message: string) {
    super(message)
    this.statusCode = statusCode
  }
}

/** The status codes of the errors that a peer, its commands and the framework throw, by name or by code. */
const statusCodes: Record<string, number> = {
  InvalidInputError: 400,
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 415,
  FST_ERR_CTP_BODY_TOO_LARGE: 413,
  AccessError: 403,
  FileNotFoundError: 404,
  NotFoundError: 404,
  CommandUnavailableError: 404,
  FileChangedError: 409,
  ConnectError: 502,
  PeerClosedError: 503,
  AbortError: 503,
  TimeoutError: 504,
  StoreFullError: 507
}

/** The status code and the sentence that tell a client what went wrong. */
export function answerTo (thrown: unknown): { statusCode: number, error: string } {
  const err = thrown instanceof Error ? thrown : new Error(String(thrown))
  const { code, statusCode: own } = err as Error & { code?: string, statusCode?: number }
  const statusCode = own ?? statusCodes[err.name] ?? statusCodes[code ?? '']

  if (statusCode == null || statusCode < 400) {
    return { statusCode: 500, error: `the peer could not answer: ${err.message}` }
  }

  return { statusCode, error: err.name === 'TimeoutError' ? 'the peer did not finish in time; try again, or ask for less' : err.message }
}
