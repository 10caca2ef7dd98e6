import type { StoredContribution } from './contribution.ts'
import type { RefusedError } from './errors.ts'
import type { FileService } from './files/files.ts'
import type { ContributionsLog } from './log/contributions-log.ts'
import type { LogEntry } from './log/entry.ts'
import type { Node } from './node.ts'
import type { Store } from './store/index.ts'
import type { CID } from 'multiformats/cid'

export interface SyncInit {
  node: Node
  log: ContributionsLog
  store: Store
  files: FileService
  /** Whether the file of every entry is wanted here. */
  keepsEveryFile: boolean
  /** Whether the file of a contribution is wanted here. */
  wants: (contribution: StoredContribution) => boolean
  /** The pause between two comparisons with a random peer, in milliseconds. */
  syncIntervalMs: number
  /** How long unmodified peers are asked for a block before it is taken that none of them has it, in milliseconds; 5,000 by default. */
  bitswapTimeoutMs?: number
  /** Uniform in [0, 1). */
  random: () => number
  /** Whom a peer last told that it is connected to. */
  neighboursOf: (peerId: string) => ReadonlySet<string> | undefined
  /** Keeps a peer out for a time. */
  ban: (peerId: string, forMs: number) => void
  /** Called when a peer that shares this log can be sent to and heard from. */
  onNeighbour: (peerId: string) => void
  onRefused: (reason: RefusedError) => void
  onError: (err: Error) => void
}

export interface BlockOptions {
  signal: AbortSignal
  /** How many bytes it is said to have, so that neither too little nor too much is asked for at once. */
  size?: number
  /** Whether to wait for a peer that has the block when nobody who is connected does. */
  patient?: boolean
}

/** How entries and blocks reach other peers: PeersDB's own protocol, or those of OrbitDB and Bitswap. */
export interface Sync {
  start (): Promise<void>
  stop (): Promise<void>
  /** Tells the other peers of an entry that this one has appended. */
  announce (entry: LogEntry): void
  /**
   * Fetches a block from another peer; the bytes are those that the CID names.
   *
   * @throws {FileNotFoundError} where nobody has it
   */
  block (cid: CID, options: BlockOptions): Promise<Uint8Array>
  /** How many peers share this log, each known to listen. */
  readonly neighbours: number
  /** How many entries and blocks are wanted and have not come. */
  readonly queueLength: number
}
