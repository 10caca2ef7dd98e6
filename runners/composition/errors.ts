/**
 * What is wrong with a composition, a manifest or a parameter on the command line. The
 * message is one sentence for the user: file and line (or the option), what is wrong, the cure.
 */
export class CompositionError extends Error {
  override name = 'CompositionError'
}
