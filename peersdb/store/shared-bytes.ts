import { keyOf } from './multihash.ts'

/**
 * The small blocks of all stores in memory of this process, so that peers beside each other keep equal bytes once. A store
 * finds only what it put there itself; what no store holds any more is left to the garbage collector.
 */
const shared = new Map<string, WeakRef<Uint8Array>>()
const forgotten = new FinalizationRegistry<string>((key) => {
  if (shared.get(key)?.deref() == null) {
    shared.delete(key)
  }
})

/** Keeps bytes that were checked against their multihash; returns what gives them back. */
export function keepShared (multihash: Uint8Array, bytes: Uint8Array): () => Uint8Array {
  const kept = share(multihash, bytes)
  return () => kept
}

/** Bytes that were checked against their multihash: those that are shared already, or a copy that will be. */
export function share (multihash: Uint8Array, bytes: Uint8Array): Uint8Array {
  const key = keyOf(multihash)
  const known = shared.get(key)?.deref()

  if (known != null) {
    return known
  }

  // A copy, because these may be a small part of what a connection received.
  const copy = new Uint8Array(bytes)
  shared.set(key, new WeakRef(copy))
  forgotten.register(copy, key)
  return copy
}
