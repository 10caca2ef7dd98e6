/** Every bound of the service. None is reached by a sane run; each keeps one mistaken instance from ending the runner. */
export interface SyncLimits {
  /** Largest request accepted, in bytes; a larger one closes its connection with 1009. */
  messageBytesMax: number
  /** What all topics and keys of the service may hold together, in bytes; beyond it publish and signal answer with an error. */
  retainedBytesMax: number
  /** Open subscriptions and barriers of one connection; one more closes it with 1008. */
  waitsMax: number
  /**
   * Bytes that may wait to be sent on one connection. A subscriber that does not read is sent nothing more until it
   * reads again, and at twice this number its requests are not read either.
   */
  bufferedBytesMax: number
}

export const syncLimits: SyncLimits = {
  messageBytesMax: 1024 * 1024,
  retainedBytesMax: 256 * 1024 * 1024,
  waitsMax: 100_000,
  bufferedBytesMax: 1024 * 1024
}

/** Largest request that Testground's own service accepts, in bytes. */
export const portableBytesMax = 32_768
