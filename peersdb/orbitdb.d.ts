/** The part of @orbitdb/core 4 that PeersDB uses; the package ships no types. */
declare module '@orbitdb/core' {
  import type { EventEmitter } from 'node:events'

  export interface LogEntry {
    id: string
    hash: string
    next: string[]
    refs: string[]
    payload: { op: string, key: string | null, value: unknown }
    bytes?: Uint8Array
  }

  export interface OrbitLog {
    heads (): Promise<LogEntry[]>
    has (hash: string): Promise<boolean>
    get (hash: string): Promise<LogEntry | undefined>
    joinEntry (entry: LogEntry): Promise<boolean>
    iterator (options?: { amount?: number }): AsyncIterable<LogEntry>
    storage: Storage
    encryption: { replication?: { decrypt: unknown }, data?: { decrypt: unknown } }
  }

  export interface EventsDatabase {
    address: string
    log: OrbitLog
    events: EventEmitter
    add (value: unknown): Promise<string>
    close (): Promise<void>
  }

  export interface Storage {
    put (hash: string, data: Uint8Array): Promise<void>
    get (hash: string): Promise<Uint8Array | undefined>
    close (): Promise<void>
  }

  export interface OrbitDB {
    open (address: string, options: Record<string, unknown>): Promise<EventsDatabase>
    stop (): Promise<void>
  }

  export function createOrbitDB (options: Record<string, unknown>): Promise<OrbitDB>
  export function Identities (options: Record<string, unknown>): Promise<unknown>
  export function KeyStore (options: { storage?: Storage, path?: string }): Promise<unknown>
  export function MemoryStorage (): Promise<Storage>
  export function IPFSAccessController (options: { write: string[] }): unknown

  export const Entry: {
    decode (bytes: Uint8Array, decryptEntry?: unknown, decryptPayload?: unknown): Promise<LogEntry>
  }
}
