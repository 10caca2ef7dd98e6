import * as dagCbor from '@ipld/dag-cbor'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RefusedError } from '../errors.ts'
import { openStore } from '../store/index.ts'
import { EntryLog } from './entry-log.ts'
import { hashOfDigest, multihashOf, sha256 } from './hash.ts'
import type { Store } from '../store/index.ts'
import type { LogEntry } from './entry.ts'

const address = '/orbitdb/zdpuTest'

/** An entry as far as the log looks at it: whether it was signed is known before it comes here. */
function entry (name: number, parents: readonly LogEntry[]): LogEntry {
  const time = 1 + Math.max(0, ...parents.map(({ stored }) => stored.clock.time))
  const stored: LogEntry['stored'] = {
    id: address, payload: { op: 'ADD', key: null, value: { schema: 2, name } }, next: parents.map(({ hash }) => hash), refs: [],
    clock: { id: 'key', time }, v: 2, key: 'key', identity: 'identity', sig: 'sig'
  }
  const bytes = dagCbor.encode(stored)
  const digest = sha256(bytes)
  return { hash: hashOfDigest(digest), digest, bytes, stored }
}

let store: Store
let known: Map<string, LogEntry>

function openLog (): EntryLog {
  return new EntryLog(store, address, (digest) => known.get(hashOfDigest(digest)))
}

function know (entries: readonly LogEntry[]): readonly LogEntry[] {
  entries.forEach((one) => { known.set(one.hash, one) })
  return entries
}

/** A directed acyclic graph: each entry's parents are some of those before it. */
function graph (parents: readonly number[][]): LogEntry[] {
  const entries: LogEntry[] = []
  parents.forEach((picks, i) => {
    const chosen = i === 0 ? [] : [...new Set(picks.map((pick) => pick % i))]
    entries.push(entry(i, chosen.map((place) => entries[place]!)))
  })
  return entries
}

/** Everything that can be seen of a log. */
function stateOf (log: EntryLog) {
  return {
    heads: log.heads.toSorted((a, b) => a.hash < b.hash ? -1 : 1),
    unjoined: log.unjoined,
    fingerprint: log.summary.fingerprint(''),
    joined: [...store.catalogue.hashes()].filter(({ joined }) => joined).map(({ hash }) => hashOfDigest(hash)).sort()
  }
}

/** The same, worked out from the definitions over all entries. */
function expected (inserted: readonly LogEntry[], refused: ReadonlySet<string>) {
  const joined = new Map<string, LogEntry>()
  let size: number

  do {
    size = joined.size
    inserted.filter(({ stored }) => stored.next.every((hash) => joined.has(hash) || refused.has(hash)))
      .forEach((one) => { joined.set(one.hash, one) })
  } while (joined.size > size)

  const parents = new Set([...joined.values()].flatMap(({ stored }) => stored.next))
  return {
    heads: [...joined.values()].filter(({ hash }) => !parents.has(hash))
      .map(({ hash, stored }) => ({ hash, next: stored.next, time: stored.clock.time }))
      .sort((a, b) => a.hash < b.hash ? -1 : 1),
    unjoined: inserted.length - joined.size,
    joined: [...joined.keys()].sort()
  }
}

beforeEach(async () => {
  store = await openStore()
  known = new Map()
})

afterEach(() => store.close())

const step = fc.record({
  size: fc.integer({ min: 1, max: 6 }), fails: fc.boolean(), restarts: fc.boolean(), refusals: fc.nat(2), repeats: fc.boolean()
})

const history = fc.array(fc.array(fc.nat(), { maxLength: 4 }), { minLength: 1, maxLength: 25 }).chain((parents) => fc.record({
  parents: fc.constant(parents),
  order: fc.shuffledSubarray([...parents.keys()]),
  steps: fc.array(step, { minLength: parents.length, maxLength: parents.length })
}))

describe('the log, whatever the order and the batches in which its entries come', () => {
  it('has joined what all ancestors are here of, and the heads of that; after failures and restarts too', async () => {
    await fc.assert(fc.asyncProperty(history, async ({ parents, order, steps }) => {
      await store.close()
      store = await openStore()
      const entries = know(graph(parents))
      const left = order.map((place) => entries[place]!)
      const absent = entries.filter((one) => !left.includes(one))
      const [inserted, refused] = [[] as LogEntry[], new Set<string>()]
      let log = openLog()

      for (const { size, fails, restarts, refusals, repeats } of steps) {
        const batch = left.splice(0, size)

        if (fails) {
          const before = stateOf(log)
          expect(() => log.insert(batch, { within: () => { throw new Error('no room') } })).toThrow('no room')
          expect(stateOf(log)).toEqual(before)
        }

        expect(log.insert(repeats ? [...batch, ...inserted, ...batch] : batch)).toEqual(batch)
        inserted.push(...batch)
        absent.splice(0, refusals).forEach(({ hash }) => { refused.add(hash); log.refuse(hash) })
        expect(stateOf(log)).toMatchObject(expected(inserted, refused))

        if (restarts) {
          const before = stateOf(log)
          log = openLog()
          expect(stateOf(log)).toEqual(before)
          // What is refused is not remembered on disk: whoever offers it again is refused again.
          refused.forEach((hash) => { log.refuse(hash) })
          expect(stateOf(log)).toEqual(before)
        }
      }
    }), { numRuns: 150 })
  })
})

describe('a chain of 20,000 entries', () => {
  const chain: LogEntry[] = []

  for (let i = 0; i < 20_000; i++) {
    chain.push(entry(i, chain.slice(-1)))
  }

  const head = [{ hash: chain.at(-1)!.hash, next: [chain.at(-2)!.hash], time: 20_000 }]

  it('is joined when its first entry comes last', () => {
    const log = openLog()
    know(chain)
    log.insert(chain.slice(1).reverse())
    expect(log.heads).toEqual([])
    expect(log.unjoined).toBe(19_999)

    log.insert(chain.slice(0, 1))
    expect(log.heads).toEqual(head)
    expect(log.unjoined).toBe(0)
  })

  it('is joined when its first entry is refused, after a restart', () => {
    know(chain)
    openLog().insert(chain.slice(1))
    const log = openLog()
    expect(log.unjoined).toBe(19_999)

    log.refuse(chain[0]!.hash)
    expect(log.heads).toEqual(head)
    expect(openLog().heads).toEqual(head)
  })
})

describe('a refused entry', () => {
  const [first, second, third] = graph([[], [0], [1]]) as [LogEntry, LogEntry, LogEntry]

  it('does not hold up what refers to it, whether that is here already or comes later', () => {
    const log = openLog()
    know([first, second, third])
    log.insert([second])
    log.refuse(first.hash)
    expect(log.heads.map(({ hash }) => hash)).toEqual([second.hash])

    log.insert([third])
    expect(log.heads.map(({ hash }) => hash)).toEqual([third.hash])
    expect(log.isRefused(first.hash)).toBe(true)
    expect(log.has(first.digest)).toBe(false)
  })

  it('is as before where the store fails just then', () => {
    let room = true
    const transaction = <T> (work: () => T): T => store.transaction(() => {
      const done = work()

      if (!room) {
        throw new Error('no room')
      }

      return done
    })
    const log = new EntryLog({ ...store, transaction }, address, (digest) => known.get(hashOfDigest(digest)))
    know([first, second])
    log.insert([second])
    const before = stateOf(log)
    room = false
    expect(() => { log.refuse(first.hash) }).toThrow('no room')
    expect(stateOf(log)).toEqual(before)

    room = true
    log.refuse(first.hash)
    expect(log.heads.map(({ hash }) => hash)).toEqual([second.hash])
  })
})

describe('heads that OrbitDB keeps', () => {
  it('are kept with their times, and what it has joined is not joined again', () => {
    const [first, second] = know(graph([[], [0]])) as [LogEntry, LogEntry]
    const log = openLog()
    log.insert([first, second], { joined: true })
    log.setHeads([{ hash: second.hash, next: second.stored.next }])
    expect(log.heads).toEqual([{ hash: second.hash, next: [first.hash], time: 2 }])
    expect(stateOf(openLog())).toEqual(stateOf(log))

    const third = entry(3, [second])
    know([third])
    const after = openLog()
    after.insert([third])
    expect(after.heads).toEqual([{ hash: third.hash, next: [second.hash], time: 3 }])
  })

  it('may be entries that are refused here', () => {
    const [first] = know(graph([[]])) as [LogEntry]
    const log = new EntryLog(store, address, () => { throw new RefusedError('malformed', 'no contribution') })
    log.setHeads([{ hash: first.hash, next: [] }])
    expect(log.heads).toEqual([{ hash: first.hash, next: [], time: 0 }])
  })
})

describe('a refused entry that is kept', () => {
  const [first, second, third] = graph([[], [0], [1]]) as [LogEntry, LogEntry, LogEntry]

  it('is no entry, holds nothing up, and survives garbage collection and a restart', async () => {
    const log = openLog()
    know([first, third])
    log.insert([first, third])
    expect(log.kept.add(second)).toBe(true)
    log.refuse(second.hash)
    await store.collectGarbage()

    for (const one of [log, openLog()]) {
      expect(one.heads.map(({ hash }) => hash)).toEqual([first.hash, third.hash])
      expect([one.has(second.digest), one.kept.has(second.hash), one.summary.fingerprint('').count]).toEqual([false, true, 2])
    }

    expect(store.catalogue.entries).toBe(2)
    expect(Buffer.compare(store.blocks.getSmall(multihashOf(second.digest))!, second.bytes)).toBe(0)
    const fourth = entry(4, [second])
    const after = openLog()
    after.insert([fourth])
    expect(after.unjoined).toBe(0)
  })

  it('is one of no more than 16 MiB, also after a restart', () => {
    const large = (name: number): LogEntry => {
      const bytes = Buffer.alloc(64 * 1024, `${name} `)
      const digest = sha256(bytes)
      return { ...first, bytes, digest, hash: hashOfDigest(digest) }
    }
    const log = openLog()

    for (let name = 0; name < 256; name++) {
      expect(log.kept.add(large(name))).toBe(true)
    }

    expect(log.kept.add(large(0))).toBe(true)

    for (const one of [log, openLog()]) {
      expect(one.kept.add(first)).toBe(false)
      expect(one.kept.has(first.hash)).toBe(false)
    }

    expect(store.blocks.has(multihashOf(first.digest))).toBe(false)
  })
})
