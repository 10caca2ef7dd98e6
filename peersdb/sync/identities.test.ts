import { generateKeyPair } from '@libp2p/crypto/keys'
import fc from 'fast-check'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { openHostilePeer } from '../adversary/hostile-peer.ts'
import { createEntry } from '../log/entry.ts'
import { ownIdentity, peerIdOfKey } from '../log/identity.ts'
import { contributionOf } from '../log/peers.test-helper.ts'
import { keyOf } from '../store/multihash.ts'
import { Summary } from './summary.ts'
import { closeAll, closing, counted, entries, open } from '../peers.test-helper.ts'
import type { Wire } from '../adversary/wire.ts'
import type { LogEntry } from '../log/entry.ts'
import type { OwnIdentity } from '../log/identity.ts'
import type { Item } from './messages.ts'

const entriesEach = 16
let identities: OwnIdentity[]

beforeAll(async () => {
  identities = await Promise.all(Array.from({ length: 12 }, async () => ownIdentity(await generateKeyPair('Ed25519'))))
})

afterEach(closeAll)

/** Entries with who signed them, by their digests. */
type Made = ReadonlyMap<string, { entry: LogEntry, identity: OwnIdentity }>

/** Sends what is asked for and pushes the rest in between, each identity once, before its first entry. */
class Script {
  readonly #wire: Wire
  readonly #byKey: Made
  readonly #sent = new Set<OwnIdentity>()
  readonly #pushes: LogEntry[]

  constructor (wire: Wire, byKey: Made, pushes: readonly LogEntry[]) {
    this.#wire = wire
    this.#byKey = byKey
    this.#pushes = [...pushes]
  }

  /** @param pauses - after how many items each something is pushed */
  async answer (count: number, pauses: readonly number[]): Promise<void> {
    for (let answered = 0, at = 0; answered < count;) {
      const { id, entries: wanted } = await this.#wire.until('want')
      let sent = 0

      for (const key of wanted) {
        const { entry: { bytes }, identity } = this.#byKey.get(keyOf(key))!
        const first = this.#first(identity)
        const items: Item[] = [{ type: 'item', id, kind: 'entry', key, bytes }]

        if (first != null) {
          items.unshift({ type: 'item', id, kind: 'identity', key: first.subarray(0, 32), bytes: first })
        }

        this.#wire.say(...items)
        sent += items.length
        at++

        if (pauses.includes(at)) {
          this.#push()
        }
      }

      answered += wanted.length
      this.#wire.say({ type: 'end', id, sent, missing: [], deferred: 0 })
    }

    while (this.#pushes.length > 0) {
      this.#push()
    }
  }

  #push (): void {
    const entry = this.#pushes.shift()

    if (entry != null) {
      const { identity } = this.#byKey.get(keyOf(entry.digest))!
      this.#wire.say({ type: 'push', entry: entry.bytes, identity: this.#first(identity) ?? new Uint8Array(0), blocks: [] })
    }
  }

  #first (identity: OwnIdentity): Uint8Array | undefined {
    const isFirst = !this.#sent.has(identity)
    this.#sent.add(identity)
    return isFirst ? identity.bytes : undefined
  }
}

describe('an identity, which comes once a session', () => {
  it('is there for every entry behind it, however wants and pushes of the session interleave', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.nat(entriesEach * 12), { maxLength: 12 }), fc.nat(12), async (pauses, pushed) => {
      const [victim, server] = [await open(), closing(await openHostilePeer())]
      const made = await Promise.all(identities.flatMap((identity) => Array.from({ length: entriesEach + 1 }, async (_, index) => ({
        identity,
        isPushed: index === entriesEach,
        entry: await createEntry(identity, victim.logAddress, contributionOf(peerIdOfKey(identity.publicKey)!, `${index}`), { next: [], time: 1 })
      }))))
      const byKey = new Map(made.map((one) => [keyOf(one.entry.digest), one]))
      const listed = made.filter(({ isPushed }) => !isPushed).map(({ entry: { digest } }) => digest)
      const pushes = made.filter(({ isPushed }) => isPushed).map(({ entry }) => entry).slice(0, pushed)
      const summary = new Summary()
      listed.forEach((digest) => { summary.add(digest) })
      const { count, sum } = summary.fingerprint('')
      await server.serveSync(victim, { size: count, fingerprint: sum }, async (wire) => {
        await wire.until('ranges')
        wire.say({ type: 'differ', ranges: [], lists: [{ prefix: '', digests: listed.toSorted(Buffer.compare) }], done: true })
        await new Script(wire, byKey, pushes).answer(count, pauses)
      })
      await server.connect(victim)
      await entries(victim, listed.length + pushes.length)

      expect(counted(victim, 'refused')).toBe(0)
      expect(server.isConnected(victim)).toBe(true)
      expect(counted(victim, 'protocol_bytes_sent', { protocol: '/ipfs/bitswap/1.2.0' })).toBe(0)
      await closeAll()
    }), { numRuns: 10, endOnFailure: true })
  })
})
