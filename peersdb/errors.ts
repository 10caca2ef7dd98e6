/** The peer was given something that it cannot use, such as a malformed CID or address. */
export class InvalidInputError extends Error {
  override name = 'InvalidInputError'
}

/** A file is not held here and no connected peer delivered it in time. */
export class FileNotFoundError extends Error {
  override name = 'FileNotFoundError'
}

/** The peer has been closed, or is closing. */
export class PeerClosedError extends Error {
  override name = 'PeerClosedError'
}
