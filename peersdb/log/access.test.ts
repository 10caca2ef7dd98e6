import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { InvalidInputError } from '../errors.ts'
import { openStore } from '../store/index.ts'
import { createEntry } from './entry.ts'
import { keyOfPeerId, peerIdOfKey } from './identity.ts'
import { addressOf, contribute, contributionOf, names, plant, received, refused, refusals, TestPeers } from './peers.test-helper.ts'
import type { Peer, PeerInit } from '../index.ts'

let peers: TestPeers

beforeAll(() => { peers = new TestPeers() })
afterEach(() => peers.close())
afterAll(() => peers.stop())

/** An id that a directory's peer will have. */
async function idIn (directory: string): Promise<string> {
  const store = await openStore({ directory })
  await store.close()
  return peerIdFromPrivateKey(store.privateKey).toString()
}

/** A peer that made a log which it administers. */
async function openAdministrator (directory?: string, init?: PeerInit): Promise<Peer> {
  const own = directory ?? await peers.directory()
  return peers.open({ directory: own, administrators: [await idIn(own)], syncIntervalMs: 200, ...init })
}

/** A peer that opens another's log by its address. */
async function openMember (other: Peer, init?: PeerInit): Promise<Peer> {
  return peers.open({ log: other.logAddress, bootstrap: [addressOf(other)], syncIntervalMs: 200, ...init })
}

/** The list reaches other peers by itself, which no event of the peer tells of. */
async function agree (members: Peer[], writers: string[]): Promise<void> {
  for (const peer of members) {
    await vi.waitFor(async () => { expect((await peer.access.writers()).toSorted()).toEqual(writers.toSorted()) }, { timeout: 15_000 })
  }
}

describe('a log with administrators', () => {
  it('is written to by those whom they grant it to, until they revoke that', async () => {
    const administrator = await openAdministrator()
    const [writer, reader] = [await openMember(administrator), await openMember(administrator)]
    const own = await contribute(administrator, 'of the administrator')
    await Promise.all([received(writer, [own]), received(reader, [own])])

    await expect(contribute(writer, 'too early')).rejects.toThrow(InvalidInputError)
    await expect(contribute(writer, 'too early')).rejects.toThrow(/this peer may not write to the log/)

    await administrator.access.grant(writer.id)
    await agree([administrator, writer, reader], [administrator.id, writer.id])
    const granted = await contribute(writer, 'granted')
    await Promise.all([received(administrator, [granted]), received(reader, [granted])])

    await administrator.access.revoke(writer.id)
    await agree([administrator, writer, reader], [administrator.id])
    await expect(contribute(writer, 'too late')).rejects.toThrow(/this peer may not write to the log/)
    expect(await names(reader)).toEqual(['granted', 'of the administrator'])
    expect(await names(writer)).toEqual(['granted', 'of the administrator'])
  })

  it('is not written to by others who ignore the list', async () => {
    const administrator = await openAdministrator()
    const [directory, address] = [await peers.directory(), administrator.logAddress]
    await plant(directory, address, async (identity) =>
      [await createEntry(identity, address, contributionOf(peerIdOfKey(identity.publicKey)!, 'foreign'), { next: [], time: 1 })])
    const rogue = await openMember(administrator, { directory })
    expect(await names(rogue)).toEqual(['foreign'])

    await refused(administrator, 'foreign')
    expect(administrator.status()).toMatchObject({ entries: 0, foreignEntries: 0 })

    const good = await contribute(administrator, 'good')
    await received(rogue, [good])
    expect(await names(administrator)).toEqual(['good'])
  })

  it('takes what was refused once its writer is granted', async () => {
    const administrator = await openAdministrator()
    const [directory, address] = [await peers.directory(), administrator.logAddress]
    const early = await plant(directory, address, async (identity) =>
      [await createEntry(identity, address, contributionOf(peerIdOfKey(identity.publicKey)!, 'early'), { next: [], time: 1 })])
    const writer = await openMember(administrator, { directory })
    await refused(administrator, 'foreign')

    await administrator.access.grant(writer.id)
    await received(administrator, early)
    expect(await names(administrator)).toEqual(['early'])
  })

  it('has its list changed by them alone, whoever they are', async () => {
    const [directory, other] = [await peers.directory(), await peers.directory()]
    const administrators = [await idIn(directory), await idIn(other)]
    const first = await openAdministrator(directory, { administrators })
    const second = await openMember(first, { directory: other })
    const member = await openMember(first)

    await expect(member.access.grant(member.id)).rejects.toThrow(InvalidInputError)
    await expect(member.access.grant(member.id)).rejects.toThrow(/this peer does not administer the log/)
    await expect(member.access.revoke(first.id)).rejects.toThrow(/this peer does not administer the log/)
    await expect(first.access.grant('nobody')).rejects.toThrow(/"nobody" is not the id of a PeersDB peer/)

    await second.access.grant(member.id)
    await agree([first, second, member], [...administrators, member.id])
    await received(first, [await contribute(member, 'granted by the second')])
  })

  it('keeps its list and what was written on disk, at an administrator and at others', async () => {
    const [directory, other] = [await peers.directory(), await peers.directory()]
    const administrator = await openAdministrator(directory)
    const writer = await openMember(administrator, { directory: other })
    await administrator.access.grant(writer.id)
    const writers = [administrator.id, writer.id]
    await agree([writer], writers)
    await received(administrator, [await contribute(writer, 'before')])
    await Promise.all([administrator.close(), writer.close()])

    const [again, writerAgain] = [await openAdministrator(directory), await peers.open({ directory: other, log: administrator.logAddress })]
    await agree([again, writerAgain], writers)
    expect(again.logAddress).toBe(administrator.logAddress)
    await contribute(writerAgain, 'alone, after')
    await writerAgain.connect(addressOf(again))
    await vi.waitFor(async () => { expect(await names(again)).toEqual(['alone, after', 'before']) }, { timeout: 15_000 })
  })
})

describe('an unmodified OrbitDB peer', () => {
  it('obeys the list of a log, and is obeyed by it', async () => {
    const administrator = await openAdministrator()
    const stock = await peers.openStock(administrator)
    const value = contributionOf(stock.contributor, 'of stock')
    await stock.received([await contribute(administrator, 'first')])
    await expect(stock.add(value)).rejects.toThrow(/not allowed to write to the log/)
    await expect(stock.grant(stock.key)).rejects.toThrow(/not allowed to write to the log/)

    await administrator.access.grant(peerIdOfKey(stock.key)!)
    await stock.listed(stock.key)
    const granted = await stock.add(value)
    await received(administrator, [granted])

    await administrator.access.revoke(peerIdOfKey(stock.key)!)
    await stock.delisted(stock.key)
    await expect(stock.add(value)).rejects.toThrow(/not allowed to write to the log/)

    await stock.lie({ ignoresList: true })
    await stock.add(contributionOf(stock.contributor, 'of a stock peer that ignores the list'))
    await refused(administrator, 'foreign')
    expect(await names(administrator)).toEqual(['first', 'of stock'])
    expect(refusals(administrator, 'foreign')).toBe(1)
  })

  it('administers the list of a log of its own, which others obey', async () => {
    const stock = await peers.startStock()
    const log = await stock.open('of stock', [stock.key])
    const peer = await peers.open({ log, bootstrap: [stock.addresses[0]!] })
    expect(await peer.access.writers()).toEqual([peerIdOfKey(stock.key)])
    await expect(contribute(peer, 'too early')).rejects.toThrow(/this peer may not write to the log/)

    await stock.grant(keyOfPeerId(peer.id))
    await agree([peer], [peer.id, peerIdOfKey(stock.key)!])
    await stock.received([await contribute(peer, 'granted')])
  })
})

it('a log that everybody may write to has no list', async () => {
  const peer = await peers.open()
  expect(await peer.access.writers()).toEqual(['*'])
  await expect(peer.access.grant(peer.id)).rejects.toThrow(/cannot be changed; create a log with administrators for that/)
})
