import { keyOf } from '../store/multihash.ts'
import { itemBytesMax, ProtocolError } from './messages.ts'
import type { End, Item, Want } from './messages.ts'

/** What came for one want. */
export interface Delivery {
  items: Item[]
  missing: Uint8Array[]
}

export interface WantOptions {
  withFiles: boolean
  /** The most bytes of content to send for it. */
  bytesMax: number
  /** How long the answer may take, in milliseconds, from when those to all earlier wants are complete. */
  limitMs: number
}

interface PendingWant {
  want: Want
  limitMs: number
  /** When the answer has to be complete, once it is its turn. */
  dueAtMs?: number
  keys: Set<string>
  items: Item[]
  bytes: number
  resolve: (delivery: Delivery) => void
  reject: (reason: Error) => void
}

/** The wants of a client that are not answered yet, with what has come for each; it takes nothing that was not asked for. */
export class PendingWants {
  readonly #pending = new Map<number, PendingWant>()
  #nextId = 1

  get size (): number {
    return this.#pending.size
  }

  /** When the answer has to be complete whose turn it is, by `performance.now()`; never where nothing is wanted. */
  get dueAtMs (): number {
    const [oldest] = this.#pending.values()
    return oldest?.dueAtMs ?? Infinity
  }

  /** The message to send, and what comes for it once the server has said that this is all. */
  add (entries: Uint8Array[], blocks: Uint8Array[], { limitMs, ...options }: WantOptions): { want: Want, promise: Promise<Delivery> } {
    const { promise, resolve, reject } = Promise.withResolvers<Delivery>()
    const want: Want = { type: 'want', id: this.#nextId++, entries, blocks, ...options }
    const keys = new Set([...entries, ...blocks].map(keyOf))
    this.#pending.set(want.id, { want, limitMs, keys, items: [], bytes: 0, resolve, reject })
    this.#nextTurn()
    return { want, promise }
  }

  /** @throws {ProtocolError} where the item was not asked for, or more comes than was allowed */
  take (item: Item): void {
    const pending = this.#pending.get(item.id)
    // With an entry may come its file and its identity; everything else must have been asked for.
    const asked = pending?.keys.has(keyOf(item.key)) === true || item.kind === 'identity' ||
      (item.kind === 'block' && pending?.want.withFiles === true)

    if (pending == null || !asked || pending.items.length >= 3 * pending.keys.size) {
      throw new ProtocolError(`a ${item.kind} came that was not asked for`)
    }

    // A server stops once it has sent what was allowed, so that only one more thing can go beyond it.
    if (pending.bytes > pending.want.bytesMax + itemBytesMax) {
      throw new ProtocolError(`more than ${pending.want.bytesMax} bytes came for one want`)
    }

    pending.items.push(item)
    pending.bytes += item.bytes.byteLength
  }

  /** @throws {ProtocolError} where another number of items came than the server has sent */
  finish ({ id, sent, missing }: End): void {
    const pending = this.#pending.get(id)

    if (pending == null || pending.items.length !== sent) {
      throw new ProtocolError(`${sent} items were announced as sent, ${pending?.items.length ?? 0} came`)
    }

    this.#pending.delete(id)
    this.#nextTurn()
    pending.resolve({ items: pending.items, missing })
  }

  /** None of them will be answered. */
  fail (reason: Error): void {
    const pending = [...this.#pending.values()]
    this.#pending.clear()
    pending.forEach(({ reject }) => { reject(reason) })
  }

  /** The server answers in order, so that the time for an answer begins with the end of the one before it. */
  #nextTurn (): void {
    const [oldest] = this.#pending.values()

    if (oldest != null) {
      oldest.dueAtMs ??= performance.now() + oldest.limitMs
    }
  }
}
