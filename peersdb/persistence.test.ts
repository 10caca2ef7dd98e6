import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, describe, expect, it } from 'vitest'
import { StoreFullError, StoreInUseError, StoreVersionError } from './store/index.ts'
import { closeAll, closing, connect, counted, entries, failuresOf, filesHeld, list, open, read, sha256, temporaryDirectory, until } from './peers.test-helper.ts'
import type { ChildProcess } from 'node:child_process'
import type { Peer } from './index.ts'

afterEach(closeAll)

/** A peer in a process of its own, and the lines that it says. */
function start (...args: string[]): { child: ChildProcess, lines: AsyncIterable<string>, closed: Promise<unknown> } {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'persistence.test-helper.ts'), ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  closing({ close: async () => { child.kill('SIGKILL') } })
  return { child, lines: createInterface(child.stdout!), closed: once(child, 'close') }
}

/** Lets a process contribute until it has acknowledged so many, and kills it; returns the CIDs that it acknowledged. */
async function contributeUntilKilled (directory: string, count: number): Promise<string[]> {
  const { child, lines, closed } = start('contribute', directory)
  const acknowledged: string[] = []

  for await (const line of lines) {
    if (acknowledged.push(line) === count) {
      child.kill('SIGKILL')
    }
  }

  await closed
  expect(child.signalCode).toBe('SIGKILL')
  return acknowledged
}

/** Every entry's file is here as a whole; what the helper contributes tells its own hash by its name. */
async function expectWhole (peer: Peer): Promise<string[]> {
  const contributions = await list(peer)

  for (const { cid, name, size } of contributions) {
    const bytes = await read(peer, cid, { offline: true })
    expect(bytes).toHaveLength(size)
    expect(sha256(bytes)).toBe(name)
  }

  expect(peer.count({ held: true })).toBe(contributions.length)
  expect(counted(peer, 'unjoined_entries')).toBe(0)
  return contributions.map(({ cid }) => cid)
}

describe('a peer that is killed', () => {
  it('while it contributes has everything that it acknowledged, and nothing by half', { timeout: 120_000 }, async () => {
    const directory = await temporaryDirectory()
    const acknowledged: string[] = []

    // How far the process gets before the signal reaches it is up to the scheduler, which is what makes the moment random.
    for (const count of [1, 70, 23, 110, 5]) {
      acknowledged.push(...await contributeUntilKilled(directory, count))
      const peer = await open({ directory })
      expect(await expectWhole(peer)).toEqual(expect.arrayContaining(acknowledged))
      await peer.close()
    }

    const [peer, other] = [await open({ directory }), await open({ pin: 'everything' })]
    await connect(other, peer)
    await filesHeld(other, peer.status().filesHeld)
    expect((await expectWhole(other)).sort()).toEqual((await list(peer)).map(({ cid }) => cid).sort())
    expect(acknowledged.length).toBeGreaterThanOrEqual(209)
  })

  it('while it catches up goes on where it was', { timeout: 120_000 }, async () => {
    const [directory, origin, count] = [await temporaryDirectory(), await open(), 2_000]
    const contents = Array.from({ length: count }, (_, i) => randomBytes(i % 40 === 0 ? 200_000 : 1_000))

    for (const content of contents) {
      await origin.contribute(content, { name: sha256(content) })
    }

    const { child, lines, closed } = start('receive', directory, origin.addresses()[0]!)
    const received = new Set<string>()

    for await (const line of lines) {
      if (received.add(line).size === count / 2) {
        child.kill('SIGKILL')
      }
    }

    await closed
    expect(received.size).toBeLessThan(count)
    const bytesSent = counted(origin, 'protocol_bytes_sent')
    const peer = await open({ directory, pin: 'everything' })
    const { entries: entriesKept } = peer.status()
    const bytesKept = (await Array.fromAsync(peer.query({ held: true }))).reduce((sum, { size }) => sum + size, 0)
    expect(entriesKept).toBeGreaterThanOrEqual(count / 2)
    await connect(peer, origin)
    await filesHeld(peer, count)

    await expectWhole(peer)
    // An entry takes some 700 bytes.
    const bytesMissing = contents.reduce((sum, { byteLength }) => sum + byteLength, 0) - bytesKept + 1_000 * (count - entriesKept)
    expect(counted(origin, 'protocol_bytes_sent') - bytesSent).toBeLessThan(1.2 * bytesMissing + 500_000)
  })
})

describe('a directory', () => {
  it('that another process uses is refused by a sentence, and the other goes on', { timeout: 60_000 }, async () => {
    const directory = await temporaryDirectory()
    const { lines, child, closed } = start('contribute', directory)

    for await (const _line of lines) {
      await expect(open({ directory })).rejects.toThrow(StoreInUseError)
      await expect(open({ directory })).rejects.toThrow(`the store in ${directory} is used by another PeersDB peer; stop it or choose another directory`)
      break
    }

    expect(child.exitCode).toBeNull()
    child.kill('SIGKILL')
    await closed
    const peer = await open({ directory })
    expect((await expectWhole(peer)).length).toBeGreaterThan(0)
  })

  it.each(['peer.db', 'private/peer.db'])('whose %s a later version wrote is refused by a sentence, and left as it is', async (file) => {
    const directory = await temporaryDirectory()
    const before = await open({ directory })
    await before.contribute(Buffer.from('kept'), { name: 'kept' })
    await before.close()
    const setVersion = (version: number): void => {
      const database = new DatabaseSync(join(directory, file))
      database.exec(`PRAGMA user_version = ${version}`)
      database.close()
    }
    setVersion(99)

    await expect(open({ directory })).rejects.toThrow(StoreVersionError)
    await expect(open({ directory })).rejects.toThrow(/has version 99 and this PeersDB knows versions up to \d+; use a newer PeersDB/)
    setVersion(1)
    expect((await list(await open({ directory }))).map(({ name }) => name)).toEqual(['kept'])
  })
})

describe('a full store', () => {
  it('refuses what is contributed by a sentence, while everything else goes on', async () => {
    const directory = await temporaryDirectory()
    const [peer, other] = [await open({ directory, storeBytesMax: 5_000_000 }), await open()]
    const { cid } = await peer.contribute(randomBytes(3_000_000), { name: 'fits' })

    await expect(peer.contribute(randomBytes(3_000_000), { name: 'does not' })).rejects.toThrow(StoreFullError)
    await expect(peer.contribute(randomBytes(3_000_000), { name: 'does not' })).rejects.toThrow(
      /^the store in .* is full \(at most 5000000 bytes, or the disk's end\); unpin files and collect the garbage, or raise its limit$/)
    await connect(other, peer)
    expect(await read(other, cid)).toHaveLength(3_000_000)
    expect((await list(peer)).map(({ name }) => name)).toEqual(['fits'])

    await peer.unpin(cid)
    await peer.collectGarbage()
    await peer.contribute(randomBytes(3_000_000), { name: 'fits now' })
    expect(peer.status()).toMatchObject({ entries: 2, filesHeld: 1 })
  })

  it('takes in what fits, goes on serving, and catches up once its limit is raised', { timeout: 60_000 }, async () => {
    const [directory, origin] = [await temporaryDirectory(), await open()]
    const sizes = [1_000_000, 1_000_000, 1_000_000, ...Array<number>(600).fill(4_000)]

    for (const [i, size] of sizes.entries()) {
      await origin.contribute(randomBytes(size), { name: `${i}` })
    }

    const full = await open({ directory, pin: 'everything', storeBytesMax: 4_000_000 })
    const own = await full.contribute(Buffer.from('mine'), { name: 'mine' })
    const failures = failuresOf(full)
    await connect(full, origin)
    await until(full, 'failure', () => failures.some((failure) => failure instanceof StoreFullError))
    await entries(origin, sizes.length + 1)
    const reader = await open()
    await connect(reader, full)
    expect((await read(reader, own.cid)).toString()).toBe('mine')
    const { entries: there } = full.status()
    expect(there).toBeLessThanOrEqual(sizes.length + 1)
    await full.close()

    const raised = await open({ directory, pin: 'everything', storeBytesMax: 20_000_000 })
    expect(raised.status().entries).toBeGreaterThanOrEqual(there)
    await connect(raised, origin)
    await filesHeld(raised, sizes.length + 1)
    expect(raised.count({ held: true })).toBe(sizes.length + 1)
  })
  it.each([[true, 3_000_000], [false, 3_000_000], [true, 60_000], [false, 60_000]])(
    'counts what is private and what is shared together (first private: %s, files of %i bytes)', async (firstPrivate, size) => {
      const peer = await open({ directory: await temporaryDirectory(), storeBytesMax: 5_000_000 })
      const fill = async (isPrivate: boolean): Promise<number> => {
        let count = 0

        try {
          for (; count < 100; count++) {
            await peer.contribute(randomBytes(size), { name: `${count}`, private: isPrivate })
          }
        } catch (err) {
          expect(err).toBeInstanceOf(StoreFullError)
        }

        return count
      }
      const first = await fill(firstPrivate)
      expect(first * size).toBeGreaterThan(2_900_000)
      expect(await fill(!firstPrivate)).toBeLessThanOrEqual(1)
      expect(await fill(firstPrivate)).toBe(0)

      if (!firstPrivate) {
        await Promise.all((await list(peer)).map(({ cid }) => peer.unpin(cid)))
        await peer.collectGarbage()
        expect(await fill(true) * size).toBeGreaterThan(2_500_000)
      }
    })
})
