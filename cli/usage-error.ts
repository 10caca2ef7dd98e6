/** The command line cannot be understood; the message names the word and the cure. */
export class UsageError extends Error {
  override name = 'UsageError'
}
