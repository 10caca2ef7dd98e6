/** The part of @orbitdb/core 4 that PeersDB uses; the package ships no types. */
declare module '@orbitdb/core' {
  import type { EventEmitter } from 'node:events'
  import type { Node } from './node.ts'
  import type { Identities, OwnIdentity } from './log/identity.ts'

  export interface LogEntry {
    id: string
    hash: string
    next: string[]
    refs: string[]
    payload: { op: string, key: string | null, value: unknown }
    clock: { id: string, time: number }
    v: number
    key: string
    identity: string
    sig: string
  }

  export interface OrbitLog {
    heads (): Promise<LogEntry[]>
    has (hash: string): Promise<boolean>
    get (hash: string): Promise<LogEntry | undefined>
    append (value: unknown): Promise<LogEntry>
    joinEntry (entry: LogEntry): Promise<boolean>
    iterator (options?: { amount?: number }): AsyncIterable<LogEntry>
    storage: Storage
    encryption: { replication?: { decrypt: unknown }, data?: { decrypt: unknown } }
  }

  export interface Database {
    address: string
    access: AccessController
    log: OrbitLog
    events: EventEmitter
    sync: { start (): Promise<void>, stop (): Promise<void> }
    close (): Promise<void>
  }

  export interface EventsDatabase extends Database {
    add (value: unknown): Promise<string>
    all (): Promise<Array<{ hash: string, value: unknown }>>
  }

  export interface KeyValueDatabase extends Database {
    get (key: string): Promise<unknown>
    put (key: string, value: unknown): Promise<string>
    del (key: string): Promise<string>
  }

  export interface AccessController {
    type: string
    address: string
    write: string[]
    canAppend (entry: LogEntry): Promise<boolean>
    /** Only lists that can change have these. */
    writers? (): Promise<string[]>
    grant? (key: string): Promise<void>
    revoke? (key: string): Promise<void>
    events?: EventEmitter
    close? (): Promise<void>
  }

  export interface AccessControllerInit {
    orbitdb: { open: OrbitDB['open'], identity: OwnIdentity, ipfs: Node }
    identities: Identities
    address?: string
    name?: string
  }

  export interface Storage {
    put (hash: string, data: unknown): Promise<void>
    get (hash: string): Promise<unknown>
    del? (hash: string): Promise<void>
    iterator? (options?: { amount?: number, reverse?: boolean }): AsyncIterable<[string, unknown]>
    merge? (other: Storage): Promise<void>
    clear? (): Promise<void>
    close (): Promise<void>
  }

  export interface OrbitDB {
    open (address: string, options: Record<string, unknown>): Promise<Database>
    stop (): Promise<void>
  }

  export function createOrbitDB (options: Record<string, unknown>): Promise<OrbitDB>
  export function Events (): (params: unknown) => Promise<EventsDatabase>
  export function isValidAddress (address: string): boolean
  export function useAccessController (controller: unknown): void
  export function IPFSAccessController (options: { write: string[] }): unknown

  export const Entry: {
    decode (bytes: Uint8Array, decryptEntry?: unknown, decryptPayload?: unknown): Promise<LogEntry>
  }
}
