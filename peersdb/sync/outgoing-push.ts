import { frame } from './channel.ts'
import type { CID } from 'multiformats/cid'
import type { LogEntry } from '../log/entry.ts'

/** A new entry on its way to many peers: encoded once for all of them who get the same. */
export class OutgoingPush {
  readonly entry: Pick<LogEntry, 'bytes' | 'stored'>
  readonly #file?: { cid: CID, bytes: Uint8Array }
  readonly #frames = new Map<string, Uint8Array>()

  /** @param file - of the entry, where it is one that may travel with it */
  constructor (entry: Pick<LogEntry, 'bytes' | 'stored'>, file?: { cid: CID, bytes: Uint8Array }) {
    this.entry = entry
    this.#file = file
  }

  /**
   * The message as it goes over a stream.
   *
   * @param identity - the entry's, for a peer that has not had it
   */
  frameFor ({ identity = new Uint8Array(), withFile }: { identity?: Uint8Array, withFile: boolean }): Uint8Array {
    const key = `${identity.byteLength > 0} ${withFile}`
    const known = this.#frames.get(key)

    if (known != null) {
      return known
    }

    const blocks = withFile && this.#file != null ? [{ cid: this.#file.cid.bytes, bytes: this.#file.bytes }] : []
    const made = frame({ type: 'push', entry: this.entry.bytes, identity, blocks }).subarray()
    this.#frames.set(key, made)
    return made
  }
}
