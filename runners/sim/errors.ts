/** The program drew from chance that no seed decides. */
export class UnseededError extends Error {
  override name = 'UnseededError'
}

/** The program did something that only a real machine can carry out, such as opening a socket. */
export class NotSimulatedError extends Error {
  override name = 'NotSimulatedError'
}
