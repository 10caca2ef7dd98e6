/** What was asked for cannot be run; the message names the thing, the place and the cure. */
export class RunRequestError extends Error {
  override name = 'RunRequestError'
}

/** The harness itself broke: not the system under test and not what was asked for. */
export class HarnessError extends Error {
  override name = 'HarnessError'
}
