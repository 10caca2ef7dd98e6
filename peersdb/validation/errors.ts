/** An option of validation, or a combination of options, cannot work. */
export class ValidationOptionError extends Error {
  override name = 'ValidationOptionError'
}

/** A peer broke the vote protocol: a frame that is no request or no list of votes, or more requests than a peer may send. */
export class VoteProtocolError extends Error {
  override name = 'VoteProtocolError'
}
