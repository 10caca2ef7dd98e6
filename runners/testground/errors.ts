/** The daemon refused something, lost it, or does not answer any more; the message is the sentence that tells it. */
export class DaemonRefusalError extends Error {
  override name = 'DaemonRefusalError'
}

/** What was collected is no archive of a run, or more than is taken; the message is the sentence that tells it. */
export class ArchiveError extends Error {
  override name = 'ArchiveError'
}
