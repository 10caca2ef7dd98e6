import { basename } from 'node:path'
import { TypedEventEmitter } from 'main-event'
import mime from 'mime'
import { watchChanges } from './changes.ts'
import { tellContribution } from './channels.ts'
import { checkContribution, contributionSchemaVersion, parseCid } from './contribution.ts'
import { countersOf } from './counters.ts'
import { FileNotFoundError, InvalidInputError, PeerClosedError } from './errors.ts'
import { importContent } from './files/content.ts'
import { FileService } from './files/files.ts'
import { matches } from './filter.ts'
import { openContributionsLog } from './log/open-log.ts'
import { createBans } from './membership/bans.ts'
import { createMembership } from './membership/membership.ts'
import { startNode } from './node.ts'
import { openPrivateData } from './private-data.ts'
import { createProtocolCounters } from './protocol-counters.ts'
import { openStore } from './store/index.ts'
import { StockSync } from './stock/stock-sync.ts'
import { FastSync } from './sync/fast-sync.ts'
import { createValidation } from './validation/service.ts'
import type { Access, Cancellable, Change, Content, ContributeOptions, CounterRow, Filter, Page, Peer, PeerEvents, PeerInit, PeerStatus, Query } from './api.ts'
import type { Contribution, StoredContribution } from './contribution.ts'
import type { RefusalKind, RefusedError } from './errors.ts'
import type { Imported } from './files/content.ts'
import type { ContributionsLog } from './log/contributions-log.ts'
import type { LogEntry } from './log/entry.ts'
import type { Membership } from './membership/membership.ts'
import type { Node, NodeServices } from './node.ts'
import type { PrivateData } from './private-data.ts'
import type { Store } from './store/index.ts'
import type { Sync } from './sync.ts'
import type { Validation } from './validation/service.ts'
import type { StrategyName, Verdict } from './validation/verdict.ts'
import type { ProtocolCounters } from './protocol-counters.ts'
import type { CID } from 'multiformats/cid'
import type { Libp2p } from '@libp2p/interface'

/** How long `close` waits for connections to end in an orderly way, in milliseconds. */
const closeTimeoutMs = 3_000
const pageSize = 500
/** Any CID will do to check a description whose file is not read yet. */
const emptyFile = 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku'

/** What a peer is made of before it opens its log. */
interface Parts {
  store: Store
  privateData: PrivateData
  node: Node
  membership: Membership
  traffic: ProtocolCounters
}

/** Opens a PeersDB peer. It serves other peers until it is closed. */
export async function openPeer (init: PeerInit = {}): Promise<Peer> {
  const bytesMax = init.storeBytesMax
  let privateBytes = (): number => 0
  // What is shared and what is private have one limit together, whichever of them grows.
  const store = await openStore({ directory: init.directory, bytesMax, othersBytes: () => privateBytes() })
  const opened: Array<() => Promise<unknown>> = [() => store.close()]

  try {
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
    const peer = new PeersDbPeer(init, events, { store, privateData, node, membership, traffic })
    await peer.start()
    return peer
  } catch (err) {
    await Promise.allSettled(opened.reverse().map((close) => close()))
    throw err
  }
}

class PeersDbPeer implements Peer {
  readonly events: TypedEventEmitter<PeerEvents>
  readonly #init: PeerInit
  readonly #parts: Parts
  readonly #files: FileService
  readonly #validation: Validation
  readonly #closing = new AbortController()
  readonly #refusals = new Map<RefusalKind, number>()
  #log!: ContributionsLog
  #sync!: Sync

  constructor (init: PeerInit, events: TypedEventEmitter<PeerEvents>, parts: Parts) {
    this.#init = init
    this.#parts = parts
    this.events = events
    this.#files = new FileService({
      store: parts.store,
      sync: () => this.#sync,
      onHeld: (cid) => { this.#onHeld(cid) },
      onCorrupt: (reason) => {
        this.#fail(reason)
        this.#fetchWanted()
      }
    })
    this.#validation = createValidation({
      libp2p: parts.node.libp2p,
      privateKey: parts.store.privateKey,
      values: parts.store.values,
      files: (cid, options) => this.#files.list(parseCid(cid), options),
      contribution: (cid) => parts.store.catalogue.byCid(cid)[0],
      strategy: init.validate,
      onError: this.#fail
    })
  }

  async start (): Promise<void> {
    const { node, store, privateData, membership } = this.#parts
    // Whoever opens a log by its address may need its manifest from a peer.
    await membership.start()
    this.#log = await openContributionsLog({
      node,
      store,
      name: this.#init.log ?? 'contributions',
      administrators: this.#init.administrators ?? '*',
      mode: this.#init.sync ?? 'fast',
      openTimeoutMs: this.#init.openTimeoutMs,
      onEntry: this.#onEntry,
      onRefused: this.#onRefused
    })
    this.#sync = new (this.#init.sync === 'stock' ? StockSync : FastSync)({
      node,
      store,
      log: this.#log,
      files: this.#files,
      keepsEveryFile: this.#init.pin === 'everything',
      wants: (contribution) => this.#wants(contribution),
      syncIntervalMs: this.#init.syncIntervalMs ?? 5_000,
      bitswapTimeoutMs: this.#init.bitswapTimeoutMs,
      random: Math.random,
      neighboursOf: (peerId) => membership.neighboursOf(peerId),
      ban: (peerId, forMs) => { membership.ban(peerId, forMs).catch(this.#fail) },
      onNeighbour: (peerId) => {
        this.#files.tryAgain()
        this.events.safeDispatchEvent('neighbour', { detail: peerId })
      },
      onRefused: this.#onRefused,
      onError: this.#fail
    })
    await this.#sync.start()
    await this.#validation.start()

    await privateData.settle(store)
    this.#fetchWanted()
    await this.#fetchByPolicy()
  }

  get id (): string {
    return this.#parts.node.libp2p.peerId.toString()
  }

  get logAddress (): string {
    return this.#log.address
  }

  get access (): Access {
    return this.#log.access
  }

  get libp2p (): Libp2p<NodeServices> {
    return this.#parts.node.libp2p
  }

  addresses (): string[] {
    return this.#parts.node.libp2p.getMultiaddrs().map(String)
  }

  async contribute (content: Content, options: ContributeOptions = {}): Promise<Contribution> {
    this.#closing.signal.throwIfAborted()
    options.signal?.throwIfAborted()
    const { store, privateData } = this.#parts
    const describe = this.#describe(content, options)
    // What is wrong with the description is said before anything is read or stored.
    describe({ cid: parseCid(emptyFile), size: 0, isDirectory: false, blocks: [] })

    if (options.private === true) {
      return privateData.contribute(content, describe, options)
    }

    using _protected = store.blocks.protect()
    const imported = await importContent(store, content, options)
    return this.#append(describe(imported), imported)
  }

  #describe (content: Content, options: ContributeOptions): (imported: Imported) => StoredContribution {
    const name = options.name ?? ('path' in content ? basename(content.path) : undefined)

    if (name == null) {
      throw new InvalidInputError('a contribution that is not read from a path needs a name')
    }

    const createdAt = new Date().toISOString()
    return ({ cid, size, isDirectory }) => checkContribution({
      schema: contributionSchemaVersion,
      cid: cid.toString(),
      name,
      size,
      mediaType: options.mediaType ?? (isDirectory ? 'inode/directory' : mime.getType(name) ?? 'application/octet-stream'),
      contributor: this.id,
      createdAt,
      attributes: options.attributes ?? {}
    })
  }

  async #append (contribution: StoredContribution, { cid, blocks, small }: Pick<Imported, 'cid' | 'blocks' | 'small'>): Promise<Contribution> {
    const multihashes = small == null ? blocks : [cid.multihash.bytes]
    tellContribution({ contribution, multihashes, small })
    const entry = await this.#log.append(contribution, () => {
      if (small == null) {
        this.#parts.store.files.hold(cid, blocks)
      } else {
        this.#files.holdSmall(cid, small)
      }
    })
    tellContribution({ contribution, multihashes, small, entry: entry.digest })
    this.#sync.announce(entry)
    return { ...contribution, hash: entry.hash }
  }

  async publish (cidText: string, options: Cancellable = {}): Promise<Contribution> {
    this.#closing.signal.throwIfAborted()
    options.signal?.throwIfAborted()
    const { store, privateData } = this.#parts
    return privateData.publish(parseCid(cidText), { store, append: (contribution, file) => this.#append(contribution, file) })
  }

  async * get (cidText: string, options: Cancellable & { offline?: boolean, path?: string } = {}): AsyncGenerator<Uint8Array> {
    const cid = parseCid(cidText)
    const { privateData } = this.#parts
    yield * privateData.has(cid) ? privateData.read(cid, options) : this.#files.read(cid, options)
  }

  async * query (query: Query = {}, { signal }: Cancellable = {}): AsyncGenerator<Contribution> {
    let after = query.after
    let left = query.limit ?? Infinity

    do {
      signal?.throwIfAborted()
      const { contributions, next } = this.page({ ...query, after, limit: Math.min(left, pageSize) })
      yield * contributions
      left -= contributions.length
      after = next
    } while (after != null && left > 0)
  }

  page (query: Query = {}): Page {
    const { store, privateData } = this.#parts
    return (query.visibility === 'private' ? privateData.store : store).catalogue.page(query)
  }

  count (filter: Filter = {}): number {
    return this.#parts.store.catalogue.count(filter)
  }

  watch (filter: Filter = {}, options: Cancellable = {}): AsyncGenerator<Change> {
    return watchChanges({ events: this.events, isHeld: ({ cid }) => this.#isHeld(cid), closing: this.#closing.signal }, filter, options)
  }

  validate (cid: string, options: Cancellable & { strategy?: StrategyName } = {}): Promise<Verdict> {
    return this.#validation.decide(parseCid(cid).toString(), options)
  }

  verdicts (): Verdict[] {
    return this.#validation.verdicts()
  }

  async pin (cidText: string, { signal }: Cancellable = {}): Promise<void> {
    const { closing, cid } = { closing: this.#closing.signal, cid: parseCid(cidText) }
    const { store, privateData } = this.#parts
    const contributions = store.catalogue.byCid(cidText)

    // What is private is kept already, and to ask other peers for it would tell them of it.
    if (contributions.length > 0 || !privateData.has(cid)) {
      const sizeMax = contributions.length > 0 ? Math.max(...contributions.map(({ size }) => size)) : undefined
      await this.#files.ensure(cid, { signal: signal == null ? closing : AbortSignal.any([closing, signal]), sizeMax, patient: false })
    }
  }

  async unpin (cidText: string): Promise<void> {
    if (!this.#parts.store.files.unpin(parseCid(cidText))) {
      throw new FileNotFoundError(`file ${cidText} is not pinned here`)
    }
  }

  async collectGarbage (options: Cancellable = {}): Promise<number> {
    const { store, privateData } = this.#parts
    return await store.collectGarbage(options) + await privateData.store.collectGarbage(options)
  }

  connect (address: string, options: Cancellable = {}): Promise<void> {
    return this.#parts.membership.connect(address, options)
  }

  status (): PeerStatus {
    const { store, privateData, node } = this.#parts
    return {
      id: this.id,
      logAddress: this.logAddress,
      entries: store.catalogue.entries,
      foreignEntries: store.catalogue.foreign,
      filesHeld: store.files.held,
      privateContributions: privateData.store.catalogue.entries,
      connectedPeers: node.libp2p.getPeers().length,
      neighbours: this.#sync.neighbours
    }
  }

  counters (): CounterRow[] {
    const { store, membership, traffic } = this.#parts
    return [
      ...countersOf({ store, log: this.#log, sync: this.#sync, files: this.#files, refusals: this.#refusals }),
      ...traffic.rows(),
      ...membership.counters(),
      ...this.#validation.counters()
    ]
  }

  async close (): Promise<void> {
    if (this.#closing.signal.aborted) {
      return
    }

    const { node, membership, privateData, store } = this.#parts
    this.#closing.abort(new PeerClosedError('the peer has been closed'))
    await membership.stop()
    await this.#validation.stop()
    await this.#sync.stop()
    await this.#log.close()
    await Promise.race([node.stop(), bound(closeTimeoutMs)])
    // What is still being written looks at both stores for room.
    await store.close()
    await privateData.close()
  }

  #isHeld (cid: string): boolean {
    return this.#parts.store.files.isHeld(parseCid(cid))
  }

  readonly #onEntry = ({ hash, contribution: stored }: LogEntry): void => {
    if (stored == null) {
      return
    }

    const contribution = { ...stored, hash }
    this.events.safeDispatchEvent('contribution', { detail: contribution })
    this.#validation.onContribution(contribution)

    if (this.#isHeld(contribution.cid)) {
      this.events.safeDispatchEvent('file', { detail: contribution })
    } else if (this.#wants(contribution)) {
      this.#fetchInBackground(contribution)
    }
  }

  #wants (contribution: StoredContribution): boolean {
    const policy = this.#init.pin ?? 'nothing'
    return policy === 'everything' || (policy !== 'nothing' && matches(contribution, policy, () => false))
  }

  #fetchInBackground ({ cid, size }: Pick<Contribution, 'cid'> & { size?: number }): void {
    this.#files.ensure(parseCid(cid), { signal: this.#closing.signal, sizeMax: size, patient: true }).catch(this.#fail)
  }

  /** Goes on with files that were wanted when the peer ended, and with those that lost a block on disk. */
  #fetchWanted (): void {
    const { catalogue, files } = this.#parts.store

    for (const cid of [...files.wanted()]) {
      this.#fetchInBackground(catalogue.byCid(cid.toString())[0] ?? { cid: cid.toString() })
    }
  }

  /** The policy may be another than when these contributions came, or the peer ended between their coming and that of their files. */
  async #fetchByPolicy (): Promise<void> {
    const { pin = 'nothing' } = this.#init

    if (pin !== 'nothing') {
      for await (const contribution of this.query({ ...(pin === 'everything' ? {} : pin), held: false })) {
        this.#fetchInBackground(contribution)
      }
    }
  }

  readonly #onHeld = (cid: CID): void => {
    for (const contribution of this.#parts.store.catalogue.byCid(cid.toString())) {
      this.events.safeDispatchEvent('file', { detail: contribution })
    }
  }

  readonly #onRefused = (reason: RefusedError): void => {
    this.#refusals.set(reason.kind, (this.#refusals.get(reason.kind) ?? 0) + 1)
    this.#fail(reason)
  }

  readonly #fail = (err: Error): void => {
    if (!this.#closing.signal.aborted) {
      this.events.safeDispatchEvent('failure', { detail: err })
    }
  }
}

function bound (ms: number): Promise<void> {
  return new Promise((resolve) => { setTimeout(resolve, ms).unref() })
}
