import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openPeer } from '../index.ts'
import { openStore } from '../store/index.ts'
import { EntryLog } from './entry-log.ts'
import { ownIdentity } from './identity.ts'
import { forkStockProcess } from './stock-peers.test-helper.ts'
import { until } from './until.test-helper.ts'
import type { Contribution, Peer, PeerInit } from '../index.ts'
import type { StoredContribution } from '../contribution.ts'
import type { RefusalKind } from '../errors.ts'
import type { LogEntry } from './entry.ts'
import type { OwnIdentity } from './identity.ts'
import type { StockPeer, StockProcess } from './stock-peers.test-helper.ts'

/** The peers and directories of one test, and the process of its unmodified OrbitDB peers. */
export class TestPeers {
  readonly #opened: Peer[] = []
  readonly #directories: string[] = []
  readonly #stock: StockProcess = forkStockProcess()

  async open (init?: PeerInit): Promise<Peer> {
    const peer = await openPeer(init)
    this.#opened.push(peer)
    return peer
  }

  /** Starts an unmodified peer, without a log yet. */
  startStock (): Promise<StockPeer> {
    return this.#stock.start()
  }

  /** Starts an unmodified peer that is connected to another one and has opened its log by the address. */
  async openStock (peer: Peer): Promise<StockPeer> {
    const stock = await this.#stock.start()
    await stock.connect(addressOf(peer))
    await stock.open(peer.logAddress)
    return stock
  }

  async directory (): Promise<string> {
    const directory = await mkdtemp(join(tmpdir(), 'peersdb-'))
    this.#directories.push(directory)
    return directory
  }

  async close (): Promise<void> {
    await Promise.all(this.#opened.splice(0).map((peer) => peer.close()))
    await Promise.all(this.#directories.splice(0).map((directory) => rm(directory, { recursive: true })))
  }

  stop (): Promise<void> {
    return this.#stock.stop()
  }
}

export function addressOf (peer: Peer): string {
  const [address] = peer.addresses()

  if (address == null) {
    throw new Error(`peer ${peer.id} listens nowhere`)
  }

  return address
}

export function list (peer: Peer): Promise<Contribution[]> {
  return Array.fromAsync(peer.query())
}

/** The names in the peer's log, sorted. */
export async function names (peer: Peer): Promise<string[]> {
  return (await list(peer)).map(({ name }) => name).sort()
}

/** The hashes in the peer's log, sorted. */
export async function hashes (peer: Peer): Promise<string[]> {
  return (await list(peer)).map(({ hash }) => hash).sort()
}

/** Contributes a small file of its own to the log. */
export async function contribute (peer: Peer, name: string): Promise<string> {
  return (await peer.contribute(Buffer.from(`content of ${name}`), { name })).hash
}

/** Writes entries into a peer's directory that it would not have made or taken itself. */
export async function plant (
  directory: string, logAddress: string, make: (identity: OwnIdentity) => Promise<LogEntry[]>
): Promise<string[]> {
  const store = await openStore({ directory })

  try {
    const entries = await make(ownIdentity(store.privateKey))
    new EntryLog(store, logAddress, () => undefined).insert(entries)
    return entries.map(({ hash }) => hash)
  } finally {
    await store.close()
  }
}

/** What an unmodified peer writes in order to contribute. */
export function contributionOf (contributor: string, name: string): StoredContribution {
  return {
    schema: 1,
    cid: 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku',
    name,
    size: 0,
    mediaType: 'text/plain',
    contributor,
    createdAt: new Date().toISOString(),
    attributes: { by: 'stock' }
  }
}

/** Resolves once something is so that an event of the peer's tells of. */
function when (peer: Peer, event: 'contribution' | 'file' | 'failure', what: string, isSo: () => Promise<boolean>): Promise<void> {
  return until(`peer ${peer.id} ${what}`, (look, signal) => { peer.events.addEventListener(event, look, { signal }) }, isSo)
}

/** Resolves once the peer lists all of these entries. */
export async function received (peer: Peer, wanted: string[]): Promise<void> {
  await when(peer, 'contribution', `has not received ${wanted.length} entries`, async () => {
    const present = new Set(await hashes(peer))
    return wanted.every((hash) => present.has(hash))
  })
}

/** Resolves once the peer holds the whole file of each entry. */
export async function holds (peer: Peer, count: number): Promise<void> {
  await when(peer, 'file', `does not hold ${count} files`, async () => peer.status().filesHeld >= count)
}

export function refusals (peer: Peer, kind: RefusalKind): number {
  return peer.counters().find(({ name, labels }) => name === 'refused' && labels.reason === kind)?.value ?? 0
}

/** Resolves once the peer has refused something for that reason. */
export async function refused (peer: Peer, kind: RefusalKind): Promise<void> {
  await when(peer, 'failure', `has refused nothing as ${kind}`, async () => refusals(peer, kind) > 0)
}

export function counter (peer: Peer, wanted: string): number {
  return peer.counters().find(({ name }) => name === wanted)?.value ?? 0
}
