import { multiaddr } from '@multiformats/multiaddr'
import { TypedEventEmitter } from 'main-event'
import { checkContribution, contributionSchemaVersion, parseCid } from './contribution.ts'
import { openContributionsLog } from './contributions-log.ts'
import { InvalidInputError, PeerClosedError } from './errors.ts'
import { createFiles } from './files.ts'
import { HeadExchange } from './heads.ts'
import { startNode } from './node.ts'
import { openStores } from './stores.ts'
import type { Contribution } from './contribution.ts'
import type { ContributionsLog } from './contributions-log.ts'
import type { Files } from './files.ts'
import type { Node, NodeServices, TransportFactory } from './node.ts'
import type { Stores } from './stores.ts'
import type { Libp2p } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { TypedEventTarget } from 'main-event'

export interface PeerInit {
  /** Where the peer keeps everything, its identity included; absent: in memory, and gone at `close`. */
  directory?: string
  /** Multiaddrs to listen on; by default a free TCP port of the loopback interface. */
  listen?: string[]
  /** The libp2p transport; by default TCP. */
  transport?: TransportFactory
  /** The name of the contributions log. Peers that open the same name share one log. */
  log?: string
  /** Whether this peer is a full replica, which fetches and pins every file as its entry arrives. */
  replicate?: boolean
  /** The pause between two comparisons of log heads with a random peer, in milliseconds. */
  headExchangeIntervalMs?: number
}

export interface PeerEvents {
  /** A contribution became visible in this peer's log: its own, or one that arrived. */
  contribution: CustomEvent<Contribution>
  /** A file is held here as a whole: its own, or (full replicas only) one that arrived. */
  file: CustomEvent<Contribution>
  /** Something went wrong in the background. The peer goes on. */
  failure: CustomEvent<Error>
}

export interface ContributeOptions {
  /** What the file is called; not necessarily unique. */
  name: string
  /** What it is about, such as workload and machine type. At most 64 short texts. */
  attributes?: Record<string, string>
  signal?: AbortSignal
}

export interface Peer {
  /** The libp2p peer id. */
  readonly id: string
  readonly logAddress: string
  readonly events: TypedEventTarget<PeerEvents>
  /** The libp2p node underneath, for measurements. */
  readonly libp2p: Libp2p<NodeServices>
  /** The multiaddrs under which other peers can reach this one. */
  addresses (): string[]
  /** Stores a file and announces it to all peers. */
  contribute (content: Uint8Array, options: ContributeOptions): Promise<Contribution>
  /** All contributions that this peer knows of, newest first. */
  contributions (): AsyncIterable<Contribution>
  /** A file's content, from here or from any connected peer; `offline` asks nobody. */
  fetch (cid: string, options?: { signal?: AbortSignal, offline?: boolean }): AsyncGenerator<Uint8Array>
  /** Connects to a peer by its multiaddr. */
  connect (address: string, options?: { signal?: AbortSignal }): Promise<void>
  /** Counts of what this peer holds and knows. */
  status (): PeerStatus
  close (): Promise<void>
}

export interface PeerStatus {
  entries: number
  /** Entries that are no contribution this version understands. */
  foreignEntries: number
  filesHeld: number
  connectedPeers: number
}

/** How long `close` waits for connections to end in an orderly way, in milliseconds. */
const closeTimeoutMs = 3_000

/** Opens a PeersDB peer. It serves other peers until it is closed. */
export async function openPeer (init: PeerInit = {}): Promise<Peer> {
  const stores = await openStores(init.directory)
  const node = await startNode({ stores, listen: init.listen ?? ['/ip4/127.0.0.1/tcp/0'], transport: init.transport })
  const peer = new PeersDbPeer(init, stores, node)
  await peer.start()
  return peer
}

class PeersDbPeer implements Peer {
  readonly events = new TypedEventEmitter<PeerEvents>()
  readonly #init: PeerInit
  readonly #stores: Stores
  readonly #node: Node
  readonly #files: Files
  readonly #held = new Set<string>()
  readonly #closing = new AbortController()
  #log!: ContributionsLog
  #heads!: HeadExchange

  constructor (init: PeerInit, stores: Stores, node: Node) {
    this.#init = init
    this.#stores = stores
    this.#node = node
    this.#files = createFiles(node)
  }

  async start (): Promise<void> {
    this.#log = await openContributionsLog({
      node: this.#node,
      name: this.#init.log ?? 'contributions',
      directory: this.#stores.orbitdbDirectory,
      onError: this.#fail,
      onContribution: this.#onContribution
    })
    this.#heads = new HeadExchange({
      node: this.#node,
      database: this.#log.database,
      intervalMs: this.#init.headExchangeIntervalMs ?? 5_000,
      onError: this.#fail
    })
    await this.#heads.start()
  }

  get id (): string {
    return this.#node.libp2p.peerId.toString()
  }

  get logAddress (): string {
    return this.#log.address
  }

  get libp2p (): Libp2p<NodeServices> {
    return this.#node.libp2p
  }

  addresses (): string[] {
    return this.#node.libp2p.getMultiaddrs().map(String)
  }

  async contribute (content: Uint8Array, options: ContributeOptions): Promise<Contribution> {
    this.#closing.signal.throwIfAborted()
    const description = {
      schema: contributionSchemaVersion,
      name: options.name,
      size: content.byteLength,
      contributor: this.id,
      createdAt: new Date().toISOString(),
      attributes: options.attributes ?? {}
    } as const
    const cid = await this.#files.add(content, options)
    const contribution = await this.#log.append(checkContribution({ ...description, cid: cid.toString() }))

    // A full replica holds it as soon as its own replication finds it here.
    if (this.#init.replicate !== true) {
      this.#hold(contribution)
    }

    return contribution
  }

  contributions (): AsyncIterable<Contribution> {
    return this.#log.list()
  }

  fetch (cid: string, options?: { signal?: AbortSignal, offline?: boolean }): AsyncGenerator<Uint8Array> {
    return this.#files.read(parseCid(cid), options)
  }

  async connect (address: string, options?: { signal?: AbortSignal }): Promise<void> {
    await this.#node.libp2p.dial(parseAddress(address), options)
  }

  status (): PeerStatus {
    return {
      entries: this.#log.length,
      foreignEntries: this.#log.foreign,
      filesHeld: this.#held.size,
      connectedPeers: this.#node.libp2p.getPeers().length
    }
  }

  async close (): Promise<void> {
    if (this.#closing.signal.aborted) {
      return
    }

    this.#closing.abort(new PeerClosedError('the peer has been closed'))
    await this.#heads.stop()
    await this.#log.close()
    await Promise.race([this.#node.stop(), bound(closeTimeoutMs)])
    await this.#stores.close()
  }

  readonly #onContribution = (contribution: Contribution): void => {
    this.events.safeDispatchEvent('contribution', { detail: contribution })

    if (this.#init.replicate === true) {
      this.#files.replicate(parseCid(contribution.cid), { signal: this.#closing.signal })
        .then(() => { this.#hold(contribution) }, this.#fail)
    }
  }

  readonly #fail = (err: Error): void => {
    if (!this.#closing.signal.aborted) {
      this.events.safeDispatchEvent('failure', { detail: err })
    }
  }

  #hold (contribution: Contribution): void {
    this.#held.add(contribution.cid)
    this.events.safeDispatchEvent('file', { detail: contribution })
  }
}

function bound (ms: number): Promise<void> {
  return new Promise((resolve) => { setTimeout(resolve, ms).unref() })
}

function parseAddress (address: string): Multiaddr {
  try {
    return multiaddr(address)
  } catch {
    throw new InvalidInputError(`"${address.slice(0, 256)}" is not a multiaddr; it looks like /ip4/127.0.0.1/tcp/4001/p2p/<peer id>`)
  }
}
