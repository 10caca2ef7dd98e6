/** A log is opened by its address, and nobody who is connected told what it is. */
export class LogNotFoundError extends Error {
  override name = 'LogNotFoundError'
}
