/** Another process, or another store in this one, has the directory open. */
export class StoreInUseError extends Error {
  override name = 'StoreInUseError'

  constructor (directory: string) {
    super(`the store in ${directory} is used by another PeersDB peer; stop it or choose another directory`)
  }
}

/** The store was written by a newer PeersDB than this one. */
export class StoreVersionError extends Error {
  override name = 'StoreVersionError'

  constructor (directory: string, found: number, known: number) {
    super(`the store in ${directory} has version ${found} and this PeersDB knows versions up to ${known}; use a newer PeersDB or choose another directory`)
  }
}

/** A file of the store is not what a peer wrote there. */
export class StoreDamagedError extends Error {
  override name = 'StoreDamagedError'

  constructor (file: string, reason: string) {
    super(`${file} is damaged or was not written by PeersDB (${reason}); restore it from a copy, or move it away to start anew`)
  }
}

/** The directory cannot be created, read or written. */
export class StoreUnavailableError extends Error {
  override name = 'StoreUnavailableError'

  constructor (directory: string, cause: Error) {
    super(`the store in ${directory} cannot be used (${cause.message}); choose a directory that this user may write to`, { cause })
  }
}

/** The store reached its limit, or the end of the disk. What was being written is not there, everything else is. */
export class StoreFullError extends Error {
  override name = 'StoreFullError'

  constructor (place: string, bytesMax?: number) {
    super(bytesMax == null
      ? `the disk that holds the store in ${place} is full; free some of it, or unpin files and collect the garbage`
      : `the store in ${place} is full (at most ${bytesMax} bytes, or the disk's end); unpin files and collect the garbage, or raise its limit`)
  }
}

export class StoreClosedError extends Error {
  override name = 'StoreClosedError'

  constructor (place: string) {
    super(`the store in ${place} is closed; open it again to use it`)
  }
}

/** A block on disk is not what was stored. It has been dropped, and the files that it is part of are wanted again. */
export class CorruptBlockError extends Error {
  override name = 'CorruptBlockError'

  constructor (block: string, place: string, reason: string) {
    super(`block ${block} of the store in ${place} ${reason} and was dropped; get it again from another peer`)
  }
}

/** A file was called whole although the store lacks one of its blocks. */
export class MissingBlockError extends Error {
  override name = 'MissingBlockError'

  constructor (file: string, block: string) {
    super(`file ${file} is not whole, for its block ${block} is not in the store; store the block first`)
  }
}
