import * as dagCbor from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import { digestOfHash, multihashOf, sha256 } from '../log/hash.ts'
import { createSerial } from '../serial.ts'
import { CorruptBlockError } from '../store/index.ts'
import { ProtocolError } from './messages.ts'
import { smallFile } from './small-file.ts'
import type { ContributionsLog } from '../log/contributions-log.ts'
import type { StoredEntry } from '../log/entry.ts'
import type { Store } from '../store/store.ts'
import type { Channel } from './channel.ts'
import type { End, Item, Message, Want } from './messages.ts'

/** The most wants of one peer that wait for their answer. */
const pendingMax = 64
/** The most bytes of content that are read before they are handed to the stream. */
const readAheadBytes = 64 * 1024

export interface WantAnswersInit {
  channel: Channel
  log: ContributionsLog
  store: Store
  /** Called when a block that was wanted is found damaged here; the peer is told that it is missing. */
  onCorrupt?: (reason: CorruptBlockError) => void
}

/** Sends one client what it wants, in order, and each identity once. */
export class WantAnswers {
  readonly #init: WantAnswersInit
  readonly #identitiesSent = new Set<string>()
  readonly #inTurn = createSerial()
  #pending = 0

  constructor (init: WantAnswersInit) {
    this.#init = init
  }

  /** @throws {ProtocolError} where too many are unanswered */
  answer (want: Want): void {
    if (++this.#pending > pendingMax) {
      throw new ProtocolError(`more than ${pendingMax} wants are pending`)
    }

    this.#inTurn(() => this.#answer(want))
      .catch((err: Error) => { this.#init.channel.abort(err) })
      .finally(() => { this.#pending-- })
  }

  /** The block of an entry's identity, which is about to be sent; undefined where it was sent already. */
  identityOnce (identity: string): Uint8Array | undefined {
    const bytes = this.#identityOf(identity, new Set())
    this.#identitiesSent.add(identity)
    return bytes
  }

  async #answer (want: Want): Promise<void> {
    const { channel } = this.#init
    const { id, entries, blocks, bytesMax } = want
    const end: End = { type: 'end', id, sent: 0, missing: [], deferred: 0 }
    const ready: Message[] = []
    let readyBytes = 0
    let sentBytes = 0
    const identities = new Set<string>()
    // A push may overtake what is ready and not handed to the stream yet, and then must bring the identity itself.
    const flush = (): Promise<void> => {
      identities.forEach((identity) => { this.#identitiesSent.add(identity) })
      identities.clear()
      readyBytes = 0
      return channel.send(ready.splice(0))
    }

    for (const [place, key] of [...entries, ...blocks].entries()) {
      if (!channel.open) {
        return
      }

      // One thing is always sent, however few bytes were allowed, or the client would ask for ever.
      if (sentBytes >= bytesMax) {
        end.deferred++
        continue
      }

      const items = place < entries.length ? this.#entryItems(want, key, identities) : await this.#blockItems(id, key)

      if (items == null) {
        end.missing.push(key)
        continue
      }

      const bytes = items.reduce((sum, item) => sum + item.bytes.byteLength, 0)
      ready.push(...items)
      end.sent += items.length
      sentBytes += bytes
      readyBytes += bytes

      if (readyBytes >= readAheadBytes) {
        await flush()
      }
    }

    ready.push(end)
    await flush()
  }

  /** An entry, before it the identity that signed it if the client has not been sent that yet, behind it its file if that is small. */
  #entryItems ({ id, withFiles }: Want, digest: Uint8Array, identities: Set<string>): Item[] | undefined {
    const { log, store } = this.#init
    const bytes = log.entries.has(digest) ? store.blocks.getSmall(multihashOf(digest)) : undefined

    if (bytes == null) {
      return undefined
    }

    // It was checked when it was stored.
    const { identity: identityHash, payload } = dagCbor.decode<StoredEntry>(bytes)
    const identity = this.#identityOf(identityHash, identities)
    identities.add(identityHash)
    const file = withFiles ? smallFile(store, (payload.value as { cid?: unknown }).cid) : undefined
    return [
      ...(identity == null ? [] : [{ type: 'item' as const, id, kind: 'identity' as const, key: sha256(identity), bytes: identity }]),
      { type: 'item', id, kind: 'entry', key: digest, bytes },
      ...(file == null ? [] : [{ type: 'item' as const, id, kind: 'block' as const, key: file.cid.bytes, bytes: file.bytes }])
    ]
  }

  async #blockItems (id: number, key: Uint8Array): Promise<Item[] | undefined> {
    const cid = parseCidBytes(key)

    try {
      const bytes = await this.#init.store.blocks.get(cid)
      return bytes == null ? undefined : [{ type: 'item', id, kind: 'block', key, bytes }]
    } catch (err) {
      if (!(err instanceof CorruptBlockError)) {
        throw err
      }

      this.#init.onCorrupt?.(err)
      return undefined
    }
  }

  /** The block of an entry's identity, unless it was sent already or is about to be. */
  #identityOf (identity: string, ready: ReadonlySet<string>): Uint8Array | undefined {
    if (this.#identitiesSent.has(identity) || ready.has(identity)) {
      return undefined
    }

    const digest = digestOfHash(identity)
    return digest == null ? undefined : this.#init.store.blocks.getSmall(multihashOf(digest))
  }
}

function parseCidBytes (bytes: Uint8Array): CID {
  try {
    return CID.decode(bytes)
  } catch {
    throw new ProtocolError('a block is wanted by something that is no CID')
  }
}
