/** Nothing can be said of a study, or of two; the message says which, why and what to do. */
export class StudyError extends Error {
  override readonly name = 'StudyError'
}

/** A file of accepted changes that cannot be used; the message names the line and how it is written. */
export class AcceptError extends Error {
  override readonly name = 'AcceptError'
}
