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

export type RefusalKind = 'malformed' | 'forged' | 'unsigned' | 'future' | 'foreign' | 'wrong-block' | 'flood'

/** What another peer sent is not what it says, or not allowed; nothing of it is stored. */
export class RefusedError extends Error {
  override name = 'RefusedError'
  readonly kind: RefusalKind

  constructor (kind: RefusalKind, message: string) {
    super(message)
    this.kind = kind
  }
}

/** A file or directory was written to while it was read. */
export class FileChangedError extends Error {
  override name = 'FileChangedError'
}
