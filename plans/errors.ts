/** A parameter of a case has a value that the case cannot run with; refused before anything starts. */
export class ParameterError extends Error {
  override name = 'ParameterError'
}

/** What the case had to show did not hold; the message says where and by how much. */
export class JudgementError extends Error {
  override name = 'JudgementError'
}

/** A wait ran out; the message says what was waited for and how long. */
export class WaitTimeoutError extends Error {
  override name = 'WaitTimeoutError'
}

/** The instance was told to stop before it was done. */
export class StoppedError extends Error {
  override name = 'StoppedError'
}
