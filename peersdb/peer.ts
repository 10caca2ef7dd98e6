import { watchChanges } from './changes.ts'
import { parseCid } from './contribution.ts'
import { countersOf } from './counters.ts'
import { FileNotFoundError, PeerClosedError } from './errors.ts'
import { queryAll } from './query-all.ts'
import type { Access, Cancellable, Change, Content, ContributeOptions, CounterRow, Filter, Page, Peer, PeerEvents, PeerStatus, Query } from './api.ts'
import type { Contribution } from './contribution.ts'
import type { ContributionWriter } from './contribution-writer.ts'
import type { RefusalKind } from './errors.ts'
import type { FileService } from './files/files.ts'
import type { ContributionsLog } from './log/contributions-log.ts'
import type { Membership } from './membership/membership.ts'
import type { Node, NodeServices } from './node.ts'
import type { PrivateData } from './private-data.ts'
import type { ProtocolCounters } from './protocol-counters.ts'
import type { Store } from './store/index.ts'
import type { Sync } from './sync.ts'
import type { Validation } from './validation/service.ts'
import type { StrategyName, Verdict } from './validation/verdict.ts'
import type { Libp2p } from '@libp2p/interface'
import type { TypedEventEmitter } from 'main-event'

/** How long `close` waits for connections to end in an orderly way, in milliseconds. */
const closeTimeoutMs = 3_000

/** What a peer is made of, all of it opened and started. */
export interface PeerParts {
  events: TypedEventEmitter<PeerEvents>
  store: Store
  privateData: PrivateData
  node: Node
  membership: Membership
  /** The bytes and streams of each protocol. */
  traffic: ProtocolCounters
  files: FileService
  validation: Validation
  log: ContributionsLog
  sync: Sync
  writer: ContributionWriter
  refusals: ReadonlyMap<RefusalKind, number>
  /** Aborted when the peer begins to close. */
  closing: AbortController
}

/** A peer as its users see it. */
export class PeersDbPeer implements Peer {
  readonly events: TypedEventEmitter<PeerEvents>
  readonly #parts: PeerParts

  constructor (parts: PeerParts) {
    this.#parts = parts
    this.events = parts.events
  }

  get id (): string {
    return this.#parts.node.libp2p.peerId.toString()
  }

  get logAddress (): string {
    return this.#parts.log.address
  }

  get access (): Access {
    return this.#parts.log.access
  }

  get libp2p (): Libp2p<NodeServices> {
    return this.#parts.node.libp2p
  }

  addresses (): string[] {
    return this.#parts.node.libp2p.getMultiaddrs().map(String)
  }

  async contribute (content: Content, options: ContributeOptions = {}): Promise<Contribution> {
    this.#parts.closing.signal.throwIfAborted()
    options.signal?.throwIfAborted()
    return this.#parts.writer.contribute(content, options)
  }

  async publish (cid: string, options: Cancellable = {}): Promise<Contribution> {
    this.#parts.closing.signal.throwIfAborted()
    options.signal?.throwIfAborted()
    return this.#parts.writer.publish(parseCid(cid))
  }

  async * get (cidText: string, options: Cancellable & { offline?: boolean, path?: string } = {}): AsyncGenerator<Uint8Array> {
    const cid = parseCid(cidText)
    const { privateData, files } = this.#parts
    yield * privateData.has(cid) ? privateData.read(cid, options) : files.read(cid, options)
  }

  query (query: Query = {}, options: Cancellable = {}): AsyncGenerator<Contribution> {
    return queryAll(this, query, options)
  }

  page (query: Query = {}): Page {
    const { store, privateData } = this.#parts
    return (query.visibility === 'private' ? privateData.store : store).catalogue.page(query)
  }

  count (filter: Filter = {}): number {
    return this.#parts.store.catalogue.count(filter)
  }

  watch (filter: Filter = {}, options: Cancellable = {}): AsyncGenerator<Change> {
    const { events, store, closing } = this.#parts
    return watchChanges({ events, isHeld: ({ cid }) => store.files.isHeld(parseCid(cid)), closing: closing.signal }, filter, options)
  }

  validate (cid: string, options: Cancellable & { strategy?: StrategyName } = {}): Promise<Verdict> {
    return this.#parts.validation.decide(parseCid(cid).toString(), options)
  }

  verdicts (): Verdict[] {
    return this.#parts.validation.verdicts()
  }

  async pin (cidText: string, { signal }: Cancellable = {}): Promise<void> {
    const { store, privateData, files, closing } = this.#parts
    const cid = parseCid(cidText)
    const contributions = store.catalogue.byCid(cidText)

    // What is private is kept already, and to ask other peers for it would tell them of it.
    if (contributions.length > 0 || !privateData.has(cid)) {
      const sizeMax = contributions.length > 0 ? Math.max(...contributions.map(({ size }) => size)) : undefined
      const signals = signal == null ? [closing.signal] : [closing.signal, signal]
      await files.ensure(cid, { signal: AbortSignal.any(signals), sizeMax, patient: false })
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
    const { store, privateData, node, sync } = this.#parts
    return {
      id: this.id,
      logAddress: this.logAddress,
      entries: store.catalogue.entries,
      foreignEntries: store.catalogue.foreign,
      filesHeld: store.files.held,
      privateContributions: privateData.store.catalogue.entries,
      connectedPeers: node.libp2p.getPeers().length,
      neighbours: sync.neighbours
    }
  }

  counters (): CounterRow[] {
    const { membership, traffic, validation } = this.#parts
    return [
      ...countersOf(this.#parts),
      ...traffic.rows(),
      ...membership.counters(),
      ...validation.counters()
    ]
  }

  async close (): Promise<void> {
    if (this.#parts.closing.signal.aborted) {
      return
    }

    const { closing, membership, validation, sync, log, node, privateData, store } = this.#parts
    closing.abort(new PeerClosedError('the peer has been closed'))
    await membership.stop()
    await validation.stop()
    await sync.stop()
    await log.close()
    await Promise.race([node.stop(), bound(closeTimeoutMs)])
    // What is still being written looks at both stores for room.
    await store.close()
    await privateData.close()
  }
}

function bound (ms: number): Promise<void> {
  return new Promise((resolve) => { setTimeout(resolve, ms).unref() })
}
