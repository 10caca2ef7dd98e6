import { setImmediate } from 'node:timers/promises'
import * as dagCbor from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import { digestOfHash, multihashOf, sha256 } from '../log/hash.ts'
import { createSerial } from '../serial.ts'
import { CorruptBlockError } from '../store/index.ts'
import { Channel } from './channel.ts'
import { answer } from './reconcile.ts'
import { ProtocolError } from './messages.ts'
import { smallFile } from './small-file.ts'
import type { ContributionsLog } from '../log/contributions-log.ts'
import type { LogEntry, StoredEntry } from '../log/entry.ts'
import type { Store } from '../store/store.ts'
import type { End, Hello, Item, Message, Ranges, Want } from './messages.ts'
import type { Stream } from '@libp2p/interface'

/** The most wants of one peer that wait for their answer. */
const pendingWantsMax = 64
/** The most `ranges` of one peer that wait for their answer; two sets of two million that have nothing in common take some 130. */
const pendingRangesMax = 256
/** How often a minute one peer may say hello or ask about ranges. */
const questionsPerMinuteMax = 10_000
/** The most bytes of content that are read before they are handed to the stream. */
const readAheadBytes = 64 * 1024

export interface ServerSessionInit {
  stream: Stream
  log: ContributionsLog
  store: Store
  hello: () => Hello
  /** Called when a block that was wanted is found damaged here; the peer is told that it is missing. */
  onCorrupt?: (reason: CorruptBlockError) => void
  /** Called when the peer behaves in a way that no honest peer does. */
  onViolation: (reason: Error) => void
  onHello: () => void
  onEnd: (reason?: Error) => void
}

/** The answering side of a session: says what this peer has, sends what is wanted, and pushes what is new. */
export class ServerSession {
  readonly #init: ServerSessionInit
  readonly #channel: Channel
  readonly #identitiesSent = new Set<string>()
  readonly #wantsInTurn = createSerial()
  readonly #rangesInTurn = createSerial()
  #pendingWants = 0
  #pendingRanges = 0
  #questions = 0
  #minuteStartMs = performance.now()
  #client?: Hello

  constructor (init: ServerSessionInit) {
    this.#init = init
    this.#channel = new Channel(init.stream, {
      onMessage: (message) => { this.#receive(message) },
      onEnd: (reason) => {
        if (reason instanceof ProtocolError) {
          init.onViolation(reason)
        }

        init.onEnd(reason)
      }
    })
    this.#send([init.hello()])
  }

  /** Whether the client shares this peer's log and so gets what is new. */
  get subscribed (): boolean {
    return this.#client != null && this.#channel.open
  }

  /** Pushes a new entry, with its file where the client keeps every file and it is small. */
  push (entry: LogEntry, file?: { cid: CID, bytes: Uint8Array }): void {
    const identity = this.#identityOf(entry.stored.identity, new Set())
    this.#identitiesSent.add(entry.stored.identity)
    const blocks = file != null && this.#client?.holdsAll === true ? [{ cid: file.cid.bytes, bytes: file.bytes }] : []
    this.#send([{ type: 'push', entry: entry.bytes, identity: identity ?? new Uint8Array(), blocks }])
  }

  /** Announces entries that this peer has learned of, and what it has now. */
  announce (digests: Uint8Array[]): void {
    const { size, fingerprint } = this.#init.hello()
    this.#send([{ type: 'have', digests, size, fingerprint }])
  }

  close (): Promise<void> {
    return this.#channel.close()
  }

  #send (messages: Message[]): void {
    this.#channel.send(messages).catch((err: Error) => { this.#channel.abort(err) })
  }

  #receive (message: Message): void {
    switch (message.type) {
      case 'hello':
        this.#greet(message)
        return
      case 'ranges':
        this.#requireHello()
        this.#compare(message)
        return
      case 'want':
        this.#requireHello()
        this.#queue(message)
        return
      case 'error':
        this.#channel.abort(new Error(`the peer ended the session: ${message.sentence}`))
        return
      default:
        throw new ProtocolError(`a client does not send ${message.type} messages`)
    }
  }

  /** A client says hello whenever it wants to know what the server has by then. */
  #greet (hello: Hello): void {
    this.#countQuestion()
    const own = this.#init.hello()

    if (hello.logAddress !== own.logAddress) {
      this.#channel.fail(new Error(`this peer has the log ${own.logAddress}`)).catch(() => { /* The stream is aborted in any case. */ })
      return
    }

    const first = this.#client == null
    this.#client = hello

    if (first) {
      this.#init.onHello()
    } else {
      this.#send([own])
    }
  }

  #requireHello (): void {
    if (this.#client == null) {
      throw new ProtocolError('a client says hello before anything else')
    }
  }

  #countQuestion (): void {
    const nowMs = performance.now()

    if (nowMs - this.#minuteStartMs >= 60_000) {
      this.#minuteStartMs = nowMs
      this.#questions = 0
    }

    if (++this.#questions > questionsPerMinuteMax) {
      throw new ProtocolError(`more than ${questionsPerMinuteMax} times a minute a client says hello or asks about ranges`)
    }
  }

  /** An answer may be many times longer than its question, so that none is made before the one ahead of it was taken. */
  #compare (ranges: Ranges): void {
    this.#countQuestion()

    if (++this.#pendingRanges > pendingRangesMax) {
      throw new ProtocolError(`more than ${pendingRangesMax} questions about ranges are pending`)
    }

    this.#rangesInTurn(async () => {
      if (this.#channel.open) {
        await this.#channel.send(answer(this.#init.log.entries.summary, ranges))
        // Whatever else this peer does has its turn between two answers.
        await setImmediate()
      }
    }).catch((err: Error) => { this.#channel.abort(err) }).finally(() => { this.#pendingRanges-- })
  }

  #queue (want: Want): void {
    if (++this.#pendingWants > pendingWantsMax) {
      throw new ProtocolError(`more than ${pendingWantsMax} wants are pending`)
    }

    this.#wantsInTurn(() => this.#answerWant(want))
      .catch((err: Error) => { this.#channel.abort(err) })
      .finally(() => { this.#pendingWants-- })
  }

  async #answerWant (want: Want): Promise<void> {
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
      return this.#channel.send(ready.splice(0))
    }

    for (const [place, key] of [...entries, ...blocks].entries()) {
      if (!this.#channel.open) {
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
