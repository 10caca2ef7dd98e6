import fc from 'fast-check'
import { singleBlockCid } from '../files/content.ts'
import { sha256 } from '../log/hash.ts'
import { keyOf } from '../store/multihash.ts'
import { Exchange } from './exchange.ts'
import { digestBytes } from './fingerprint.ts'
import type { Scheduler } from 'fast-check'
import type { Delivery, WantOptions } from './pending-wants.ts'
import type { EntryBatch, ExchangeInit, Holder } from './exchange.ts'
import type { Item } from './messages.ts'
import type { CID } from 'multiformats/cid'

/** An entry or a block; its key is what is asked for. */
export interface Thing {
  kind: 'entry' | 'block'
  key: Uint8Array
  bytes: Uint8Array
  cid: CID
}

export function thing (kind: Thing['kind'], name: string): Thing {
  const bytes = Buffer.from(`${kind} ${name}`)
  const cid = singleBlockCid(bytes)
  return { kind, bytes, cid, key: kind === 'entry' ? sha256(bytes) : cid.bytes }
}

export function things (kind: Thing['kind'], count: number): Thing[] {
  return Array.from({ length: count }, (_, index) => thing(kind, `${index}`))
}

/** How a holder answers: honestly, or in one of the ways in which no honest one does. */
export type Manner = 'honest' | 'asleep' | 'wrong block' | 'wrong entry' | 'silent' | 'beside the point'

/** The server's side of a session, as an exchange sees it. It answers when the world lets it. */
export class FakeHolder implements Holder {
  readonly peerId: string
  readonly world: World
  /** What it has, by key. */
  readonly has: Map<string, Thing>
  manner: Manner = 'honest'
  /** After so many things an answer leaves the rest for later. */
  thingsMax = Infinity
  open = true
  unanswered = 0
  /** How long each of its answers may take. */
  readonly limitsMs: number[] = []
  /** What it was told to lack since it was last asked for everything. */
  readonly denied = new Set<string>()
  readonly #gone = Promise.withResolvers<never>()

  constructor (world: World, peerId: string, held: readonly Thing[]) {
    this.world = world
    this.peerId = peerId
    this.has = new Map(held.map((one) => [keyOf(one.key), one]))
    this.#gone.promise.catch(() => {})
  }

  async want (entries: Uint8Array[], blocks: Uint8Array[], { bytesMax, limitMs }: WantOptions): Promise<Delivery> {
    const keys = [...entries, ...blocks]
    this.unanswered++
    this.limitsMs.push(limitMs)
    this.world.onAsked(this, keys, bytesMax)

    try {
      const turn = this.manner === 'asleep' ? this.#gone.promise : this.world.turn(`${this.peerId} answers ${keys.length}`)
      await Promise.race([turn, this.#gone.promise])
      const delivery = this.#answer(keys, bytesMax)
      delivery.items.filter(() => this.manner === 'honest').forEach(({ key }) => { this.world.onReceived(keyOf(key)) })
      return delivery
    } finally {
      this.unanswered--
      keys.forEach((key) => { this.world.asking.delete(keyOf(key)) })
    }
  }

  fail (reason: Error): void {
    this.cut(reason)
  }

  /** The session ends, as that of a peer does: all that it owes is refused, and it is not asked any more. */
  cut (reason = new Error('cut')): void {
    if (this.open) {
      this.open = false
      this.#gone.reject(reason)
      this.world.exchange.remove(this)
    }
  }

  #answer (keys: readonly Uint8Array[], bytesMax: number): Delivery {
    const delivery: Delivery = { items: [], missing: [] }
    let bytesSent = 0
    let thingsSent = 0

    if (this.manner === 'silent') {
      return delivery
    }

    if (this.manner === 'beside the point') {
      return { items: [{ type: 'item', id: 1, kind: 'identity', key: sha256(Buffer.from('me')), bytes: Buffer.from('me') }], missing: [] }
    }

    for (const key of keys) {
      const one = this.has.get(keyOf(key))

      if (bytesSent >= bytesMax || thingsSent >= this.thingsMax) {
        break
      }

      if (one == null) {
        this.denied.add(keyOf(key))
        delivery.missing.push(key)
      } else {
        delivery.items.push(this.#item(one))
        bytesSent += one.bytes.byteLength
        thingsSent++
      }
    }

    return delivery
  }

  #item ({ kind, key, bytes }: Thing): Item {
    const isWrong = this.manner === `wrong ${kind}`
    return { type: 'item', id: 1, kind, key, bytes: isWrong ? Buffer.concat([bytes, Buffer.of(0)]) : bytes }
  }
}

/** An exchange between holders in memory. Whatever could take time waits for the scheduler. */
export class World {
  readonly exchange: Exchange
  readonly scheduler?: Scheduler
  readonly stored = new Set<string>()
  /** How often each thing came from those who are honest. */
  readonly received = new Map<string, number>()
  readonly violations: Array<{ peerId: string, reason: Error }> = []
  readonly asking = new Set<string>()
  readonly batches: EntryBatch[] = []
  /** What the exchange did that it must not, in words. */
  readonly wrongs: string[] = []
  readonly holders = new Set<FakeHolder>()
  /** How many batches of entries are being stored. */
  storing = 0
  /** What storing the next batches comes to; they are stored where nothing is left of it. */
  readonly storeErrors: Array<Error | undefined> = []

  constructor (scheduler?: Scheduler, init: Partial<ExchangeInit> = {}) {
    this.scheduler = scheduler
    this.exchange = new Exchange({
      withFiles: false,
      hasEntry: (digest) => this.stored.has(keyOf(digest)),
      onEntries: (batch) => this.#store(batch),
      onViolation: (session, reason) => {
        this.violations.push({ peerId: session.peerId, reason })
        session.fail(reason)
      },
      ...init
    })
  }

  join (peerId: string, held: readonly Thing[], how: Partial<Pick<FakeHolder, 'manner' | 'thingsMax'>> = {}): FakeHolder {
    const holder = Object.assign(new FakeHolder(this, peerId, held), how)
    this.holders.add(holder)
    this.exchange.add(holder)
    return holder
  }

  async turn (label: string): Promise<void> {
    await this.scheduler?.schedule(Promise.resolve(), label)
  }

  /** Runs until nothing is left to happen. */
  async run (): Promise<void> {
    for (let idle = false; !idle;) {
      if (this.scheduler != null && this.scheduler.count() > 0) {
        await this.scheduler.waitOne()
      } else {
        await new Promise((resolve) => { setImmediate(resolve) })
        idle = this.scheduler == null || this.scheduler.count() === 0
      }
    }
  }

  retry (): void {
    this.holders.forEach(({ denied }) => { denied.clear() })
    this.exchange.retry()
  }

  onAsked (holder: FakeHolder, keys: readonly Uint8Array[], bytesMax: number): void {
    const open = [...this.holders]
    const unanswered = open.reduce((sum, one) => sum + one.unanswered, 0)
    this.#check(holder.open, `${holder.peerId} was asked although it is gone`)
    this.#check(keys.length > 0 && keys.length <= 64, `${keys.length} things were asked for at once`)
    this.#check(bytesMax <= 512 * 1024, `${bytesMax} bytes were asked for at once`)
    this.#check(holder.unanswered <= 6, `${holder.peerId} has ${holder.unanswered} unanswered wants`)
    this.#check(unanswered <= 24, `${unanswered} wants are unanswered`)
    this.#check(unanswered + this.storing <= 48, `${unanswered} wants are unanswered and ${this.storing} answers are being stored`)

    for (const key of keys.map(keyOf)) {
      this.#check(!this.asking.has(key), 'a thing was asked of two at a time')
      // A block may be wanted anew after all lacked it.
      this.#check(key.length !== digestBytes || !holder.denied.has(key), `${holder.peerId} was asked for an entry that it said to lack`)
      this.#check(!this.stored.has(key), 'an entry was asked for that is here')
      this.asking.add(key)
    }
  }

  onReceived (key: string): void {
    this.received.set(key, (this.received.get(key) ?? 0) + 1)
  }

  async #store (batch: EntryBatch): Promise<void> {
    this.batches.push(batch)
    this.storing++

    try {
      await this.turn('store')
      const error = this.storeErrors.shift()

      if (error != null) {
        // What could not be stored may come again.
        batch.entries.forEach((bytes) => { this.received.delete(keyOf(sha256(bytes))) })
        throw error
      }

      batch.entries.forEach((bytes) => { this.stored.add(keyOf(sha256(bytes))) })
    } finally {
      this.storing--
    }
  }

  #check (holds: boolean, wrong: string): void {
    if (!holds) {
      this.wrongs.push(wrong)
    }
  }
}

/** Which of so many things each of several holders has: at random, so that they overlap and some things are nowhere. */
export function holdings (thingsCount: number): fc.Arbitrary<number[]> {
  return fc.oneof(
    fc.subarray(Array.from({ length: thingsCount }, (_, index) => index)),
    fc.constant(Array.from({ length: thingsCount }, (_, index) => index)),
    fc.constant<number[]>([])
  )
}
