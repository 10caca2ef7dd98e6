import { FileNotFoundError, RefusedError } from '../errors.ts'
import { Arrivals } from './arrivals.ts'
import { Comparisons } from './comparisons.ts'
import { Exchange } from './exchange.ts'
import { announcedMax } from './messages.ts'
import { OutgoingPush } from './outgoing-push.ts'
import { Sessions } from './sessions.ts'
import { smallFile } from './small-file.ts'
import { hashOfDigest } from '../log/hash.ts'
import { StockBridge } from '../stock/bridge.ts'
import type { BlockOptions, Sync, SyncInit } from '../sync.ts'
import type { LogEntry } from '../log/entry.ts'
import type { ClientSession } from './client-session.ts'
import type { Have, Hello } from './messages.ts'
import type { CID } from 'multiformats/cid'

/** How long a peer that broke the rules is kept out, in milliseconds. */
const banMs = 5 * 60 * 1000
const bitswapTimeoutMsDefault = 5_000

/** PeersDB's own protocol: every two peers have a session each way, in which one compares, asks, and is told what is new. */
export class FastSync implements Sync {
  readonly #init: SyncInit
  readonly #exchange: Exchange
  readonly #arrivals: Arrivals
  readonly #sessions: Sessions
  readonly #comparisons: Comparisons
  readonly #bridge: StockBridge
  readonly #stopped = new AbortController()

  constructor (init: SyncInit) {
    const onError = (err: Error): void => { this.#fail(err) }
    const onViolation = (peerId: string, reason: Error): void => { this.#banish(peerId, reason) }
    this.#init = init
    this.#bridge = new StockBridge(init)
    this.#arrivals = new Arrivals({ ...init, onNews: (digests, from) => { this.#spread(digests, from) }, onViolation, onError })
    this.#exchange = new Exchange({
      withFiles: init.keepsEveryFile,
      hasEntry: (digest) => this.#isKnown(digest),
      // What a comparison brings is told to others as a whole, once it is complete.
      onEntries: (batch) => this.#arrivals.store(batch, { isNews: !this.#comparisons.running }),
      onViolation: ({ peerId }, reason) => { this.#banish(peerId, reason) }
    })
    this.#sessions = new Sessions({
      ...init,
      hello: () => this.#hello(),
      onOpen: (session) => {
        this.#exchange.add(session)
        this.#comparisons.add(session)
      },
      onPush: (push, from) => { this.#arrivals.push(push, from) },
      onHave: (have, from) => { this.#hear(have, from) },
      onEnd: (session) => {
        this.#comparisons.remove(session)
        this.#exchange.remove(session)
      },
      onViolation,
      onError
    })
    this.#comparisons = new Comparisons({
      ...init,
      exchange: this.#exchange,
      sessions: this.#sessions,
      onLearned: (digests, from) => { this.#spread(digests.length > announcedMax ? [] : digests, from) },
      onError
    })
  }

  async start (): Promise<void> {
    this.#bridge.start()
    this.#init.log.onStockEntries = (added) => { this.#spread(added.map(({ digest }) => digest)) }
    await this.#sessions.start()
    this.#comparisons.start()
  }

  async stop (): Promise<void> {
    this.#stopped.abort()
    this.#comparisons.stop()
    await this.#sessions.stop()
    await this.#bridge.stop()
  }

  get neighbours (): number {
    return this.#sessions.neighbours
  }

  get queueLength (): number {
    return this.#exchange.length
  }

  /** Pushes an entry of this peer's own to all neighbours. */
  announce (entry: LogEntry): void {
    const file = entry.contribution == null ? undefined : smallFile(this.#init.store, entry.contribution.cid)
    const push = new OutgoingPush(entry, file)
    this.#sessions.eachSubscription((session) => { session.push(push) })
    this.#bridge.announce(entry)
  }

  async block (cid: CID, options: BlockOptions): Promise<Uint8Array> {
    await this.#sessions.complete(options.signal)

    if (this.#bridge.stockPeers === 0) {
      return this.#exchange.wantBlock(cid, options)
    }

    try {
      return await this.#exchange.wantBlock(cid, { ...options, patient: false })
    } catch (err) {
      if (!(err instanceof FileNotFoundError)) {
        throw err
      }

      return this.#fromStockPeers(cid, options, err)
    }
  }

  /** By Bitswap, which never says that nobody has a block. */
  async #fromStockPeers (cid: CID, { signal, patient = false }: BlockOptions, notFound: FileNotFoundError): Promise<Uint8Array> {
    const { bitswapTimeoutMs = bitswapTimeoutMsDefault } = this.#init
    const bound = patient ? signal : AbortSignal.any([signal, AbortSignal.timeout(bitswapTimeoutMs)])

    try {
      return Buffer.concat(await Array.fromAsync(this.#init.node.blockstore.get(cid, { signal: bound })))
    } catch {
      signal.throwIfAborted()
      throw notFound
    }
  }

  /** What was refused is known as well: it is not asked for again. */
  #isKnown (digest: Uint8Array): boolean {
    const { entries } = this.#init.log
    return entries.has(digest) || (entries.refused > 0 && entries.isRefused(hashOfDigest(digest)))
  }

  #hello (): Hello {
    const { log, keepsEveryFile } = this.#init
    const { count, sum } = log.entries.summary.fingerprint('')
    return { type: 'hello', version: 1, logAddress: log.address, size: count, fingerprint: sum, holdsAll: keepsEveryFile }
  }

  #spread (digests: Uint8Array[], from?: string): void {
    const reached = from == null ? undefined : this.#init.neighboursOf(from)
    const except = (peerId: string): boolean => peerId === from || reached?.has(peerId) === true

    for (let start = 0; start === 0 || start < digests.length; start += announcedMax) {
      this.#sessions.eachSubscription((session) => { session.announce(digests.slice(start, start + announcedMax)) }, except)
    }
  }

  #hear ({ digests }: Have, from: ClientSession): void {
    if (digests.length > 0) {
      this.#exchange.wantEntries(digests, from)
    } else {
      this.#comparisons.add(from)
    }
  }

  #banish (peerId: string, reason: Error): void {
    this.#init.onRefused(reason instanceof RefusedError ? reason : new RefusedError('malformed', `peer ${peerId}: ${reason.message}`))
    this.#init.ban(peerId, banMs)
    this.#sessions.fail(peerId, reason)
  }

  #fail (err: Error): void {
    if (!this.#stopped.signal.aborted) {
      this.#init.onError(err)
    }
  }
}
