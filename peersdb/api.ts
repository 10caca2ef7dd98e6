import type { Contribution } from './contribution.ts'
import type { NodeServices, TransportFactory } from './node.ts'
import type { Libp2p } from '@libp2p/interface'
import type { TypedEventTarget } from 'main-event'
import type { ValidationSettings } from './validation/service.ts'
import type { StrategyName, Verdict } from './validation/verdict.ts'

/** How the contributions log and the files reach other peers: `fast` is PeersDB's own protocol, `stock` that of OrbitDB and Bitswap. */
export type SyncMode = 'fast' | 'stock'

/** Which files of others a peer fetches and pins by itself: all of them, none, or those of the contributions that a query finds. */
export type PinPolicy = 'everything' | 'nothing' | Filter

export interface Cancellable {
  signal?: AbortSignal
}

export interface PeerEvents {
  /** A contribution became visible in this peer's log: its own, or one that arrived. */
  contribution: CustomEvent<Contribution>
  /** A file is held here as a whole: its own, or one that was fetched because of the pin policy. */
  file: CustomEvent<Contribution>
  /** A peer that shares this log can be sent to and heard from; the detail is its id. */
  neighbour: CustomEvent<string>
  /** Something went wrong in the background. The peer goes on. */
  failure: CustomEvent<Error>
}

/** What a file or a directory is made from; a stream is read once and never held as a whole. */
export type Content = Uint8Array | AsyncIterable<Uint8Array> | { path: string }

export interface ContributeOptions extends Cancellable {
  /** What the file is called, not necessarily unique; by default the last part of the path that the content came from. */
  name?: string
  /** The media type (RFC 6838); by default what the name's extension says. */
  mediaType?: string
  /** What it is about, such as workload and machine type. At most 64 short texts. */
  attributes?: Record<string, string>
  /** A private contribution is stored here alone and never leaves this peer until it is published. */
  private?: boolean
  /**
   * Which leaves of the file to keep, by their place in it, from 0; by default all. What is missing is not fetched, and what is kept,
   * until garbage is collected, is served; the whole file is in memory meanwhile. For experiments.
   */
  keepLeaf?: (place: number) => boolean
}

export interface NumberRange {
  /** The least value that matches. */
  min?: number
  /** The greatest value that matches. */
  max?: number
}

/** Which contributions; what is absent matches all. */
export interface Filter {
  /** By name: one value, any of several values, or a range of those values that are numbers. */
  attributes?: Record<string, string | string[] | NumberRange>
  cid?: string
  name?: string
  mediaType?: string
  contributor?: string
  /** In bytes. */
  size?: NumberRange
  /** ISO 8601, `from` included, `to` excluded. */
  createdAt?: { from?: string, to?: string }
  /** Whether the whole file is held here. */
  held?: boolean
}

export interface Query extends Filter {
  /** By default the newest first. `attributes.<name>` sorts as texts; contributions without the attribute come last. */
  sort?: 'createdAt' | 'name' | 'size' | 'contributor' | `attributes.${string}`
  order?: 'ascending' | 'descending'
  /** The most contributions to yield. */
  limit?: number
  /** Where an earlier page ended; with the same filter, sort and order. */
  after?: string
  /** `private` finds what this peer keeps to itself; by default what is in the shared log. */
  visibility?: 'shared' | 'private'
}

export interface Page {
  contributions: Contribution[]
  /** What to give as `after` to get the next page; absent at the end. */
  next?: string
}

export interface Change {
  type: 'contribution' | 'file'
  contribution: Contribution
}

export interface PeerStatus {
  id: string
  logAddress: string
  entries: number
  /** Entries that are no contribution this version understands; they are kept and passed on. */
  foreignEntries: number
  filesHeld: number
  privateContributions: number
  connectedPeers: number
  /** Connected peers that share this log, each known to listen. */
  neighbours: number
}

/** Counters since the peer was opened, by name, as the testbed and Prometheus read them. */
export interface CounterRow {
  /** snake_case with its unit, such as `bytes_received`. */
  name: string
  /** What is counted, one sentence. */
  help: string
  type: 'counter' | 'gauge'
  labels: Record<string, string>
  value: number
}

export interface Access {
  /** `*`, or the identities (peer ids) that may write. */
  writers (): Promise<string[]>
  /** Lets a peer write; only an administrator of the log can. */
  grant (peerId: string): Promise<void>
  revoke (peerId: string): Promise<void>
}

export interface Peer {
  /** The libp2p peer id, which is also the contributor and the identity that signs. */
  readonly id: string
  readonly logAddress: string
  readonly events: TypedEventTarget<PeerEvents>
  readonly access: Access
  /** The libp2p node underneath, for measurements. */
  readonly libp2p: Libp2p<NodeServices>
  /** The multiaddrs under which other peers can reach this one. */
  addresses (): string[]
  /** Stores a file or directory and announces it to all peers; resolves once it would survive a crash. */
  contribute (content: Content, options?: ContributeOptions): Promise<Contribution>
  /** Moves a private contribution into the shared log, which cannot be undone. */
  publish (cid: string, options?: Cancellable): Promise<Contribution>
  /** A file's content, from here or from any connected peer; `offline` asks nobody. `path` names a file within a directory. */
  get (cid: string, options?: Cancellable & { offline?: boolean, path?: string }): AsyncGenerator<Uint8Array>
  /** The contributions that match, from a local index. */
  query (query?: Query, options?: Cancellable): AsyncGenerator<Contribution>
  /** One page of a query: at most `limit` contributions (100 by default). */
  page (query?: Query): Page
  /** How many contributions match. */
  count (filter?: Filter): number
  /** What changes from now on, until the signal or `close`. */
  watch (filter?: Filter, options?: Cancellable): AsyncGenerator<Change>
  /** Whether a contribution is good, by a strategy (that of the peer by default); the verdict is kept. */
  validate (cid: string, options?: Cancellable & { strategy?: StrategyName }): Promise<Verdict>
  /** The verdicts that this peer has come to. */
  verdicts (): Verdict[]
  /** Fetches a file and keeps it; resolves when it is held as a whole. */
  pin (cid: string, options?: Cancellable): Promise<void>
  /** Allows the file to be removed by `collectGarbage`. */
  unpin (cid: string): Promise<void>
  /** Removes the blocks that no pinned file, no private file and no log entry needs; returns the bytes freed. */
  collectGarbage (options?: Cancellable): Promise<number>
  /** Connects to a peer by its multiaddr, or by `host` or `host:port`, and keeps it connected. */
  connect (address: string, options?: Cancellable): Promise<void>
  status (): PeerStatus
  counters (): CounterRow[]
  close (): Promise<void>
}

export interface PeerInit {
  /** Where the peer keeps everything, its identity included; absent: in memory, and gone at `close`. */
  directory?: string
  /** Multiaddrs to listen on; by default a free TCP port of the loopback interface. */
  listen?: string[]
  /** Peers to connect to and to stay connected with: multiaddrs, host names or addresses. */
  bootstrap?: string[]
  /** How long opening a log by its address waits for a peer that has it, in milliseconds; 30,000 by default. */
  openTimeoutMs?: number
  /** Whether to connect to the peers that others tell of, up to 64; on by default. */
  peerExchange?: boolean
  /** The libp2p transport; by default TCP. */
  transport?: TransportFactory
  /** The name or the address (`/orbitdb/...`) of the contributions log. Peers that open the same share one log. */
  log?: string
  /** `*` (everyone, the default) or the peer ids, `self` among them, that administer who may write; decided when a log is created. */
  administrators?: '*' | string[]
  /** Which files of others to fetch and keep; by default nothing. */
  pin?: PinPolicy
  sync?: SyncMode
  /** The pause between two comparisons with a random peer, in milliseconds. */
  syncIntervalMs?: number
  /** How long unmodified peers, which never say that they lack a block, are asked for one, in milliseconds; 5,000 by default. */
  bitswapTimeoutMs?: number
  /** How `validate` decides where a call names no strategy; `self-eager` looks at everything that arrives. By default `self-lazy`. */
  validate?: StrategyName
  /** What looks at contributions, how strategies are set, and how this peer answers those that ask for its vote. */
  validation?: ValidationSettings
  /** Find peers by multicast DNS on the local network; off by default. */
  mdns?: boolean
  /** Take part in a Kademlia DHT of PeersDB peers; off by default. */
  dht?: boolean
  /** The most bytes that the peer's store may take, what is private included; by default as many as the disk has. */
  storeBytesMax?: number
  /**
   * A directory in which peers whose store has no limit, also those of other processes, keep equal blocks once; those on disk by hard
   * links, so that it has to be on the same file system. By default each peer on disk keeps its own, and each process those in memory.
   */
  blockPool?: string
  /** How long a block of a file takes to be read or written beside the time that it needs, in milliseconds; for experiments. */
  storeDelayMs?: number
}
