import { CID } from 'multiformats/cid'
import { FileNotFoundError, RefusedError } from '../errors.ts'
import { Acquaintances } from './acquaintances.ts'
import { ClientSession } from './client-session.ts'
import { Exchange } from './exchange.ts'
import { sameFingerprint } from './fingerprint.ts'
import { announcedMax, ProtocolError, syncProtocol } from './messages.ts'
import { ServerSession } from './server-session.ts'
import { isSmallFile, smallFile } from './small-file.ts'
import { cidOfHash, hashOfDigest, isBlockOf } from '../log/hash.ts'
import { StockBridge } from '../stock/bridge.ts'
import type { BlockOptions, Sync, SyncInit } from '../sync.ts'
import type { StoredContribution } from '../contribution.ts'
import type { LogEntry } from '../log/entry.ts'
import type { EntryBatch, Holder } from './exchange.ts'
import type { Have, Hello, Push } from './messages.ts'
import type { Connection, PeerId, Stream } from '@libp2p/interface'

/** How long a peer that broke the rules is kept out, in milliseconds. */
const banMs = 5 * 60 * 1000
/** The pause before a session that ended is opened again, in milliseconds; it doubles with each failure. */
const reopenMs = 250
const reopenMsMax = 60_000
const bitswapTimeoutMsDefault = 5_000
/** How long opening a session may take, in milliseconds. */
const openTimeoutMs = 10_000
/** The most pushed entries of one peer that wait to be verified; a peer that pushes faster for long floods this one. */
const pushedMax = 5_000
/** How many missing parents are asked for at a time. */
const missingMax = 512
/** The most sessions that one peer may have open with this one. */
const streamsPerPeerMax = 4

/** PeersDB's own protocol: every two peers have a session each way, in which one compares, asks, and is told what is new. */
export class FastSync implements Sync {
  readonly #init: SyncInit
  readonly #exchange: Exchange
  readonly #clients = new Map<string, ClientSession>()
  readonly #opening = new Set<string>()
  readonly #reopening = new Set<NodeJS.Timeout>()
  /** How many sessions with a peer have failed since it last brought what it has. */
  readonly #failures = new Map<string, number>()
  readonly #servers = new Map<string, Set<ServerSession>>()
  /** Peers whose set of entries may differ from this one's. */
  readonly #unequal = new Set<ClientSession>()
  readonly #pushed: Array<{ push: Push, from: ClientSession }> = []
  /** How many pushes of each peer wait to be verified. */
  readonly #pushedBy = new WeakMap<ClientSession, number>()
  readonly #stopped = new AbortController()
  readonly #bridge: StockBridge
  readonly #acquaintances: Acquaintances
  #comparing = false
  #fetchingMissing = false
  #storingPushed = false
  #timer?: NodeJS.Timeout
  #topology?: string

  constructor (init: SyncInit) {
    this.#init = init
    this.#bridge = new StockBridge(init)
    this.#acquaintances = new Acquaintances(init.node.libp2p)
    this.#exchange = new Exchange({
      withFiles: init.keepsEveryFile,
      hasEntry: (digest) => this.#isKnown(digest),
      // What a comparison brings is told to others as a whole, once it is complete.
      onEntries: (batch) => this.#store(batch, !this.#comparing),
      onViolation: (session, reason) => { this.#banish(session.peerId, reason) }
    })
  }

  async start (): Promise<void> {
    const { node: { libp2p }, syncIntervalMs } = this.#init
    await libp2p.handle(syncProtocol, (stream, connection) => { this.#serve(stream, connection) }, { maxInboundStreams: streamsPerPeerMax })
    this.#topology = await libp2p.register(syncProtocol, {
      onConnect: (peer) => { this.#open(peer).catch((err: Error) => { this.#fail(err) }) },
      onDisconnect: (peer) => { this.#clients.get(peer.toString())?.fail(new Error('the peer disconnected')) }
    })
    this.#bridge.start()
    this.#acquaintances.start()
    this.#init.log.onStockEntries = (added) => { this.#spread(added.map(({ digest }) => digest)) }
    await this.#meetConnected()
    this.#timer = setInterval(() => { this.#compareWithAny() }, syncIntervalMs)
    this.#timer.unref()
  }

  /** libp2p tells only of peers that are identified from now on; those that are there already may speak the protocol too. */
  async #meetConnected (): Promise<void> {
    const { libp2p } = this.#init.node

    for (const peer of libp2p.getPeers()) {
      if ((await libp2p.peerStore.get(peer)).protocols.includes(syncProtocol)) {
        this.#open(peer).catch((err: Error) => { this.#fail(err) })
      }
    }
  }

  async stop (): Promise<void> {
    const { libp2p } = this.#init.node
    this.#stopped.abort()
    clearInterval(this.#timer)
    this.#reopening.forEach((timer) => { clearTimeout(timer) })

    if (this.#topology != null) {
      libp2p.unregister(this.#topology)
    }

    this.#acquaintances.stop()
    await this.#bridge.stop()
    await libp2p.unhandle(syncProtocol)
    const sessions = [...this.#clients.values(), ...[...this.#servers.values()].flatMap((set) => [...set])]
    await Promise.allSettled(sessions.map((session) => session.close()))
  }

  get neighbours (): number {
    return [...this.#clients.values()].filter(({ peerId, server }) => server != null && this.#subscriptions(peerId).length > 0).length
  }

  get queueLength (): number {
    return this.#exchange.length
  }

  /** Pushes an entry of this peer's own to all neighbours. */
  announce (entry: LogEntry): void {
    const file = entry.contribution == null ? undefined : smallFile(this.#init.store, entry.contribution.cid)
    this.#eachSubscription((session) => { session.push(entry, file) })
    this.#bridge.announce(entry)
  }

  async block (cid: CID, options: BlockOptions): Promise<Uint8Array> {
    await this.#acquaintances.complete(options.signal)

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

  #serve (stream: Stream, connection: Connection): void {
    const peerId = connection.remotePeer.toString()
    const sessions = this.#servers.get(peerId) ?? new Set()
    this.#servers.set(peerId, sessions)
    const session: ServerSession = new ServerSession({
      stream,
      log: this.#init.log,
      store: this.#init.store,
      hello: () => this.#hello(),
      onCorrupt: (reason) => { this.#fail(reason) },
      onHello: () => { this.#meet(peerId) },
      onViolation: (reason) => { this.#banish(peerId, reason) },
      onEnd: () => {
        sessions.delete(session)

        if (sessions.size === 0) {
          this.#servers.delete(peerId)
        }
      }
    })
    sessions.add(session)
  }

  async #open (peer: PeerId): Promise<void> {
    const peerId = peer.toString()

    // libp2p may tell of the same peer several times, as when it learns of more of its protocols.
    if (this.#clients.has(peerId) || this.#opening.has(peerId) || this.#stopped.signal.aborted) {
      return
    }

    this.#opening.add(peerId)
    const signal = AbortSignal.any([this.#stopped.signal, AbortSignal.timeout(openTimeoutMs)])
    const stream = await this.#init.node.libp2p.dialProtocol(peer, syncProtocol, { signal }).catch((err: Error) => {
      this.#acquaintances.settle(peerId)
      throw err
    }).finally(() => { this.#opening.delete(peerId) })
    const session: ClientSession = new ClientSession({
      peerId,
      stream,
      hello: () => this.#hello(),
      onHello: () => {
        this.#meet(peerId)
        this.#exchange.add(session)
        this.#acquaintances.settle(peerId)
        this.#unequal.add(session)
        this.#compare()
      },
      onIdentity: (bytes) => { this.#init.log.verifier.learn(bytes).catch((err: Error) => { this.#fail(err) }) },
      onPush: (push) => { this.#take(push, session) },
      onHave: (have) => { this.#hear(have, session) },
      onEnd: (_session, reason) => { this.#lose(session, reason) }
    })
    this.#clients.set(peerId, session)
  }

  #lose (session: ClientSession, reason?: Error): void {
    if (this.#clients.get(session.peerId) === session) {
      this.#clients.delete(session.peerId)
    }

    this.#unequal.delete(session)
    this.#exchange.remove(session)
    this.#acquaintances.settle(session.peerId)

    if (reason instanceof ProtocolError) {
      this.#banish(session.peerId, reason)
      return
    }

    if (reason != null) {
      this.#fail(reason)
      this.#failures.set(session.peerId, (this.#failures.get(session.peerId) ?? 0) + 1)
    }

    this.#reopenLater(session.peerId)
  }

  /** The connection may be there still, or again: libp2p does not tell of a peer twice. */
  #reopenLater (peerId: string): void {
    const timer = setTimeout(() => {
      this.#reopening.delete(timer)
      const [connection] = this.#init.node.libp2p.getConnections().filter(({ remotePeer }) => remotePeer.toString() === peerId)

      if (connection != null) {
        this.#open(connection.remotePeer).catch((err: Error) => { this.#fail(err) })
      }
    }, Math.min(reopenMs * 2 ** (this.#failures.get(peerId) ?? 0), reopenMsMax))
    timer.unref()
    this.#reopening.add(timer)
  }

  /** A peer is a neighbour once there is a session each way. */
  #meet (peerId: string): void {
    if (this.#clients.get(peerId)?.server != null && this.#subscriptions(peerId).length > 0) {
      this.#init.onNeighbour(peerId)
    }
  }

  #subscriptions (peerId: string): ServerSession[] {
    return [...this.#servers.get(peerId) ?? []].filter(({ subscribed }) => subscribed)
  }

  #eachSubscription (use: (session: ServerSession) => void, except: (peerId: string) => boolean = () => false): void {
    for (const peerId of this.#servers.keys()) {
      const [session] = this.#subscriptions(peerId)

      if (session != null && !except(peerId)) {
        use(session)
      }
    }
  }

  /** Compares with one peer after another, once what the last one had is here, so that nothing is listed twice. */
  #compare (): void {
    if (this.#comparing || this.#stopped.signal.aborted) {
      return
    }

    for (const session of this.#unequal) {
      if (!session.open || this.#isEqual(session)) {
        this.#unequal.delete(session)
      }
    }

    // Those who failed before come last, so that peers that answer nothing do not hold up those who do.
    const failures = ({ peerId }: ClientSession): number => this.#failures.get(peerId) ?? 0
    const [session] = [...this.#unequal].sort((a, b) => failures(a) - failures(b) || (b.server?.size ?? 0) - (a.server?.size ?? 0))

    if (session != null) {
      this.#comparing = true
      this.#unequal.delete(session)
      this.#catchUp(session)
        .catch((err: Error) => { this.#fail(err) })
        .finally(() => {
          this.#comparing = false
          this.#compare()
        })
    }
  }

  #isEqual ({ server }: ClientSession): boolean {
    return server == null || sameFingerprint({ count: server.size, sum: server.fingerprint }, this.#init.log.entries.summary.fingerprint(''))
  }

  async #catchUp (session: ClientSession): Promise<void> {
    const missing: Uint8Array[] = []
    await session.compare(this.#init.log.entries.summary, (digests) => {
      missing.push(...digests)
      this.#exchange.wantEntries(digests, session)
    })
    await this.#exchange.settled()
    this.#failures.delete(session.peerId)

    if (missing.length > 0) {
      const learned = missing.filter((digest) => this.#init.log.entries.has(digest))
      this.#spread(learned.length > announcedMax ? [] : learned, session.peerId)
    }
  }

  #compareWithAny (): void {
    const sessions = [...this.#clients.values()].filter(({ server }) => server != null)
    const session = sessions[Math.floor(this.#init.random() * sessions.length)]
    this.#exchange.retry()
    this.#fetchMissing().catch((err: Error) => { this.#fail(err) })

    if (session != null) {
      session.greet().then(() => {
        this.#unequal.add(session)
        this.#compare()
      }, (err: Error) => { this.#fail(err) })
    }
  }

  /** Of the parents that entries wait for some are refused, so that no peer lists them; they are asked for by name. */
  async #fetchMissing (): Promise<void> {
    const { log: { entries }, log, random } = this.#init

    if (this.#fetchingMissing || this.#comparing || this.#exchange.length > 0 || entries.unjoined === 0) {
      return
    }

    this.#fetchingMissing = true
    const { missing } = entries
    const start = Math.floor(random() * Math.max(1, missing.length - missingMax))

    try {
      await log.fetchMissing(missing.slice(start, start + missingMax), (hash) => this.#blockOf(hash))
    } finally {
      this.#fetchingMissing = false
    }
  }

  async #blockOf (hash: string): Promise<Uint8Array | undefined> {
    try {
      return await this.#exchange.wantBlock(cidOfHash(hash), { signal: this.#stopped.signal })
    } catch (err) {
      if (err instanceof FileNotFoundError) {
        return undefined
      }

      throw err
    }
  }

  #take (push: Push, from: ClientSession): void {
    const waiting = (this.#pushedBy.get(from) ?? 0) + 1

    if (waiting > pushedMax) {
      this.#banish(from.peerId, new RefusedError('flood', `peer ${from.peerId} pushes entries faster than they can be verified`))
      return
    }

    this.#pushedBy.set(from, waiting)
    this.#pushed.push({ push, from })

    if (!this.#storingPushed) {
      this.#storingPushed = true
      this.#storePushed().finally(() => { this.#storingPushed = false }).catch((err: Error) => { this.#fail(err) })
    }
  }

  /** Stores what was pushed; all that came from one peer while the last was being stored goes into one transaction. */
  async #storePushed (): Promise<void> {
    while (this.#pushed.length > 0) {
      const { from } = this.#pushed[0] as { from: ClientSession }
      const end = this.#pushed.findIndex((pushed) => pushed.from !== from)
      const pushes = this.#pushed.splice(0, end === -1 ? this.#pushed.length : end).map(({ push }) => push)
      this.#pushedBy.set(from, (this.#pushedBy.get(from) ?? 0) - pushes.length)

      try {
        await this.#store({
          from,
          entries: pushes.map(({ entry }) => entry),
          identities: pushes.map(({ identity }) => identity).filter(({ byteLength }) => byteLength > 0),
          blocks: pushes.flatMap(({ blocks }) => blocks).map(({ cid, bytes }) => pushedBlock(from, cid, bytes))
        }, true)
      } catch (err) {
        if (err instanceof RefusedError) {
          this.#banish(from.peerId, err)
        } else {
          this.#fail(err as Error)
        }
      }
    }
  }

  /** @throws {RefusedError} where the peer sent what no honest peer would pass on */
  async #store ({ entries, identities, blocks, from }: EntryBatch, relay: boolean): Promise<void> {
    const { log } = this.#init
    const learned = await this.#learn(identities, from)
    const { entries: verified, refused } = await log.verifier.verify(entries)
    const byCid = new Map(blocks.map(({ cid, bytes }) => [cid.toString(), { cid, bytes }]))
    const added = log.insert(verified, () => {
      for (const { contribution, stored } of verified) {
        // It may have come earlier, beside an entry that was refused.
        const identity = learned.get(stored.identity) ?? log.verifier.known(stored.identity)?.bytes

        if (identity != null) {
          log.keepIdentity(identity, stored.identity)
        }

        this.#holdFile(contribution, byCid)
      }
    })

    // What was pushed reaches everybody whom its sender is connected to; the others hear of it from here.
    if (added.length > 0 && relay) {
      this.#spread(added.map(({ digest }) => digest), from.peerId)
    }

    const guilty = refused.find(({ reason: { kind } }) => kind === 'malformed' || kind === 'forged' || kind === 'unsigned')
    refused.filter((refusal) => refusal !== guilty).forEach((refusal) => { log.refuse(refusal) })

    if (guilty != null) {
      if (guilty.hash != null) {
        log.entries.refuse(guilty.hash)
      }

      throw guilty.reason
    }
  }

  async #learn (identities: readonly Uint8Array[], from: Holder): Promise<Map<string, Uint8Array>> {
    const learned = await Promise.all(identities.map((bytes) => this.#init.log.verifier.learn(bytes)))

    if (learned.includes(undefined)) {
      throw new RefusedError('unsigned', `peer ${from.peerId} sent an identity with a false signature`)
    }

    return new Map(learned.filter((identity) => identity != null).map(({ hash, bytes }) => [hash, bytes]))
  }

  /** Keeps the file that came beside an entry, if it is wanted here and is one that may come like that. */
  #holdFile (contribution: StoredContribution | undefined, blocks: ReadonlyMap<string, { cid: CID, bytes: Uint8Array }>): void {
    const { store, files, wants } = this.#init
    const file = contribution == null ? undefined : blocks.get(contribution.cid)

    if (contribution != null && file != null && isSmallFile(file.cid, file.bytes) && wants(contribution) && !store.files.isHeld(file.cid)) {
      files.holdSmall(file.cid, file.bytes)
    }
  }

  #spread (digests: Uint8Array[], from?: string): void {
    const reached = from == null ? undefined : this.#init.neighboursOf(from)
    const except = (peerId: string): boolean => peerId === from || reached?.has(peerId) === true

    for (let start = 0; start === 0 || start < digests.length; start += announcedMax) {
      this.#eachSubscription((session) => { session.announce(digests.slice(start, start + announcedMax)) }, except)
    }
  }

  #hear ({ digests }: Have, from: ClientSession): void {
    if (digests.length > 0) {
      this.#exchange.wantEntries(digests, from)
    } else {
      this.#unequal.add(from)
      this.#compare()
    }
  }

  #banish (peerId: string, reason: Error): void {
    this.#init.onRefused(reason instanceof RefusedError ? reason : new RefusedError('malformed', `peer ${peerId}: ${reason.message}`))
    this.#init.ban(peerId, banMs)
    this.#clients.get(peerId)?.fail(reason)
  }

  #fail (err: Error): void {
    if (!this.#stopped.signal.aborted) {
      this.#init.onError(err)
    }
  }
}

function pushedBlock ({ peerId }: ClientSession, key: Uint8Array, bytes: Uint8Array): { cid: CID, bytes: Uint8Array } {
  let cid

  try {
    cid = CID.decode(key)
  } catch {
    throw new RefusedError('malformed', `peer ${peerId} pushed a block without a CID`)
  }

  if (!isBlockOf(cid.multihash.bytes, bytes)) {
    throw new RefusedError('wrong-block', `peer ${peerId} pushed ${bytes.byteLength} bytes for block ${cid.toString()} that are not its content`)
  }

  return { cid, bytes }
}
