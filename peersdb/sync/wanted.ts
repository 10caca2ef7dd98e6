import { keyOf } from '../store/multihash.ts'
import type { Holder } from './exchange.ts'

/** What is taken for the size of something of which nobody said it, in bytes: most entries and files are smaller. */
const sizeDefault = 8 * 1024

/** An entry or a block that is wanted. */
export interface Wanted {
  readonly key: Uint8Array
  readonly kind: 'entry' | 'block'
  /** In bytes, as far as that is known. */
  readonly size: number
  /** Peers that said they do not have it. */
  readonly lackedBy: Set<string>
  readonly done: PromiseWithResolvers<Uint8Array | undefined>
  /** Whether to wait for a peer that has it, after all that are connected said that they do not. */
  patient: boolean
  /** How many callers wait for it. */
  waiting: number
  /** Who said that there is this entry, and so has it. */
  readonly listedBy?: Holder
}

/** What is wanted: in a queue, in the order in which it came, or being fetched; and whom it may be asked of. */
export class WantedThings {
  readonly #queue = new Map<string, Wanted>()
  readonly #fetching = new Map<string, Wanted>()
  /** Those who have sent an entry that they listed: until then, nobody else is asked for what may not exist. */
  readonly #proven = new WeakSet<Holder>()
  readonly #answer: { itemsMax: number, bytesMax: number }
  /** Whether something may have become hopeless since this was looked at. */
  #doubtful = false

  /** @param answer - what fits into one answer */
  constructor (answer: { itemsMax: number, bytesMax: number }) {
    this.#answer = answer
  }

  get length (): number {
    return this.#queue.size + this.#fetching.size
  }

  /** How many are not being fetched. */
  get queued (): number {
    return this.#queue.size
  }

  get hasEntries (): boolean {
    const isEntry = ({ kind }: Wanted): boolean => kind === 'entry'
    return this.#fetching.values().some(isEntry) || this.#queue.values().some(isEntry)
  }

  addEntries (digests: readonly Uint8Array[], listedBy?: Holder): void {
    for (const digest of digests) {
      const key = keyOf(digest)

      if (!this.#queue.has(key) && !this.#fetching.has(key)) {
        this.#queue.set(key, { ...created(digest, 'entry'), listedBy })
      }
    }
  }

  /** One caller more waits for a block. */
  addBlock (cid: Uint8Array, { size = sizeDefault, patient }: { size?: number, patient: boolean }): Wanted {
    const key = keyOf(cid)
    const wanted = this.#queue.get(key) ?? this.#fetching.get(key) ?? { ...created(cid, 'block'), size }
    wanted.patient ||= patient
    wanted.waiting++

    if (!this.#fetching.has(key)) {
      this.#queue.set(key, wanted)
    }

    return wanted
  }

  /** One caller less waits for it; somebody else may want it anew by now. */
  release (wanted: Wanted): void {
    const key = keyOf(wanted.key)

    if (--wanted.waiting === 0 && this.#queue.get(key) === wanted) {
      this.#queue.delete(key)
    }
  }

  /** Takes what a peer is asked for next, and fits into one answer as far as sizes are known; the rest would come a round trip later. */
  take (session: Holder): Wanted[] {
    const batch: Wanted[] = []
    let bytes = 0

    for (const wanted of this.#queue.values()) {
      if (batch.length >= this.#answer.itemsMax || bytes >= this.#answer.bytesMax) {
        break
      }

      if (this.#mayAsk(session, wanted)) {
        batch.push(wanted)
        bytes += wanted.size
      }
    }

    for (const wanted of batch) {
      this.#queue.delete(keyOf(wanted.key))
      this.#fetching.set(keyOf(wanted.key), wanted)
    }

    return batch
  }

  #mayAsk (session: Holder, { lackedBy, listedBy }: Wanted): boolean {
    return !lackedBy.has(session.peerId) && (listedBy == null || listedBy === session || this.#proven.has(listedBy))
  }

  /** Whatever is still marked as being fetched has not come: it is wanted as before, unless all who wanted it have gone. */
  requeue (batch: readonly Wanted[], isConnected: (session: Holder) => boolean): void {
    for (const wanted of batch) {
      const key = keyOf(wanted.key)

      if (this.#fetching.get(key) === wanted) {
        this.#fetching.delete(key)
        // Everybody else may have said meanwhile that they lack it.
        this.#doubtful ||= wanted.lackedBy.size > 0

        const { kind, listedBy, waiting } = wanted
        const isStillWanted = kind === 'block' ? waiting > 0 : listedBy == null || isConnected(listedBy) || this.#proven.has(listedBy)

        if (isStillWanted) {
          this.#queue.set(key, wanted)
        }
      }
    }
  }

  /** It is here, perhaps beside something else and before anybody was asked for it. */
  settle (bytesOfKey: Uint8Array, bytes: Uint8Array): void {
    const key = keyOf(bytesOfKey)
    const wanted = this.#fetching.get(key) ?? this.#queue.get(key)
    this.#fetching.delete(key)
    this.#queue.delete(key)
    wanted?.done.resolve(bytes)
  }

  /** A peer said that it lacks these. */
  lacks (wanted: readonly Wanted[], { peerId }: Holder): void {
    wanted.forEach(({ lackedBy }) => { lackedBy.add(peerId) })
    this.#doubtful ||= wanted.length > 0
  }

  /** Of a peer it may be asked again what it lacked; of all peers where none is named, as far as it is not being fetched. */
  retry (peerId?: string): void {
    if (peerId == null) {
      this.#queue.forEach(({ lackedBy }) => { lackedBy.clear() })
    } else {
      [...this.#queue.values(), ...this.#fetching.values()].forEach(({ lackedBy }) => { lackedBy.delete(peerId) })
    }
  }

  /** A peer has sent what it listed, so that others may be asked for such things, too. */
  trust (session: Holder): void {
    this.#proven.add(session)
  }

  /** Nothing that a peer listed is worth asking for. */
  distrust (session: Holder): void {
    this.#proven.delete(session)
    this.#forgetListed(session)
  }

  /** A peer is gone; what it listed is worth asking others for if it has proven to have such things. */
  lose (session: Holder): void {
    this.#doubtful = true

    if (!this.#proven.has(session)) {
      this.#forgetListed(session)
    }
  }

  #forgetListed (session: Holder): void {
    for (const [key, { listedBy }] of this.#queue) {
      if (listedBy === session) {
        this.#queue.delete(key)
      }
    }
  }

  /** What all of these peers lack is given up, unless somebody is willing to wait for another peer. */
  giveUp (peerIds: readonly string[]): void {
    if (!this.#doubtful && peerIds.length > 0) {
      return
    }

    this.#doubtful = false

    for (const [key, wanted] of this.#queue) {
      if (!wanted.patient && peerIds.every((peerId) => wanted.lackedBy.has(peerId))) {
        this.#queue.delete(key)
        wanted.done.resolve(undefined)
      }
    }
  }
}

function created (key: Uint8Array, kind: Wanted['kind']): Wanted {
  return { key, kind, size: sizeDefault, lackedBy: new Set(), done: Promise.withResolvers(), patient: false, waiting: 0 }
}
