import { TypedEventEmitter } from 'main-event'
import { parseCid } from './contribution.ts'
import { ContributionWriter } from './contribution-writer.ts'
import { FileService } from './files/files.ts'
import { openContributionsLog } from './log/open-log.ts'
import { createBans } from './membership/bans.ts'
import { createMembership } from './membership/membership.ts'
import { startNode } from './node.ts'
import { PeerNews } from './peer-news.ts'
import { PeersDbPeer } from './peer.ts'
import { openPrivateData } from './private-data.ts'
import { createProtocolCounters } from './protocol-counters.ts'
import { openStore } from './store/index.ts'
import { StockSync } from './stock/stock-sync.ts'
import { FastSync } from './sync/fast-sync.ts'
import { createValidation } from './validation/service.ts'
import { WantedFiles } from './wanted-files.ts'
import type { Peer, PeerEvents, PeerInit } from './api.ts'
import type { PeerParts } from './peer.ts'
import type { Sync } from './sync.ts'

/** What a peer has before it opens its log. */
type Foundation = Pick<PeerParts, 'events' | 'store' | 'privateData' | 'node' | 'membership' | 'traffic'>

/** Opens a PeersDB peer. It serves other peers until it is closed. */
export async function openPeer (init: PeerInit = {}): Promise<Peer> {
  const opened: Array<() => Promise<unknown>> = []

  try {
    const foundation = await openFoundation(init, opened)
    return new PeersDbPeer(await startServices(init, foundation))
  } catch (err) {
    await Promise.allSettled(opened.reverse().map((close) => close()))
    throw err
  }
}

/** @param opened - gets how to close each part as soon as it is open */
async function openFoundation (init: PeerInit, opened: Array<() => Promise<unknown>>): Promise<Foundation> {
  const bytesMax = init.storeBytesMax
  let privateBytes = (): number => 0
  // What is shared and what is private have one limit together, whichever of them grows.
  const { directory, storeDelayMs: delayMs, blockPool: poolDirectory } = init
  const store = await openStore({ directory, delayMs, poolDirectory, bytesMax, othersBytes: () => privateBytes() })
  opened.push(() => store.close())
  const privateData = await openPrivateData({ directory: init.directory, bytesMax, othersBytes: () => store.sizeBytes() })
  privateBytes = () => privateData.store.sizeBytes()
  opened.push(() => privateData.close())
  const bans = createBans()
  const traffic = createProtocolCounters()
  const node = await startNode({
    stores: store,
    listen: init.listen ?? ['/ip4/127.0.0.1/tcp/0'],
    transport: init.transport,
    connectionGater: bans.gater,
    counters: traffic,
    mdns: init.mdns,
    dht: init.dht
  })
  opened.push(() => node.stop())
  const events = new TypedEventEmitter<PeerEvents>()
  const membership = createMembership({
    libp2p: node.libp2p,
    bootstrap: init.bootstrap ?? [],
    bans,
    exchange: init.peerExchange,
    onError: (err) => { events.safeDispatchEvent('failure', { detail: err }) }
  })
  return { events, store, privateData, node, membership, traffic }
}

async function startServices (init: PeerInit, foundation: Foundation): Promise<PeerParts> {
  const { events, store, privateData, node, membership } = foundation
  const closing = new AbortController()
  const files: FileService = new FileService({
    store,
    sync: () => sync,
    onHeld: (cid) => { news.held(cid) },
    onCorrupt: (reason) => {
      news.fail(reason)
      wanted.resume()
    }
  })
  const wanted = new WantedFiles({ policy: init.pin, store, files, closing: closing.signal, onError: (err) => { news.fail(err) } })
  const validation = createValidation({
    libp2p: node.libp2p,
    privateKey: store.privateKey,
    values: store.values,
    files: (cid, options) => files.list(parseCid(cid), options),
    contribution: (cid) => store.catalogue.byCid(cid)[0],
    strategy: init.validate,
    ...init.validation,
    onError: (err) => { news.fail(err) }
  })
  const news = new PeerNews({ events, store, validation, wanted, closing: closing.signal })

  // Whoever opens a log by its address may need its manifest from a peer.
  await membership.start()
  const log = await openContributionsLog({
    node,
    store,
    name: init.log ?? 'contributions',
    administrators: init.administrators ?? '*',
    mode: init.sync ?? 'fast',
    openTimeoutMs: init.openTimeoutMs,
    onEntry: news.arrived,
    onRefused: news.refused
  })
  const sync = createSync(init, { ...foundation, log, files, wanted, news })
  await sync.start()
  await validation.start()

  await privateData.settle(store)
  wanted.resume()
  await wanted.fetchByPolicy()
  const writer = new ContributionWriter({ contributor: node.libp2p.peerId.toString(), store, privateData, files, log, sync })
  return { ...foundation, files, validation, log, sync, writer, refusals: news.refusals, closing }
}

function createSync (
  init: PeerInit,
  parts: Pick<PeerParts, 'node' | 'store' | 'log' | 'files' | 'membership' | 'events'> & { wanted: WantedFiles, news: PeerNews }
): Sync {
  const { node, store, log, files, membership, events, wanted, news } = parts
  return new (init.sync === 'stock' ? StockSync : FastSync)({
    node,
    store,
    log,
    files,
    keepsEveryFile: init.pin === 'everything',
    wants: (contribution) => wanted.wants(contribution),
    syncIntervalMs: init.syncIntervalMs ?? 5_000,
    bitswapTimeoutMs: init.bitswapTimeoutMs,
    random: Math.random,
    neighboursOf: (peerId) => membership.neighboursOf(peerId),
    ban: (peerId, forMs) => { membership.ban(peerId, forMs).catch(news.fail) },
    onNeighbour: (peerId) => {
      files.tryAgain()
      events.safeDispatchEvent('neighbour', { detail: peerId })
    },
    onRefused: news.refused,
    onError: news.fail
  })
}
