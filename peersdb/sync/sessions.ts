import { Acquaintances } from './acquaintances.ts'
import { ClientSession } from './client-session.ts'
import { ProtocolError, syncProtocol } from './messages.ts'
import { ServerSession } from './server-session.ts'
import type { SyncInit } from '../sync.ts'
import type { Have, Hello, Push } from './messages.ts'
import type { Connection, PeerId, Stream } from '@libp2p/interface'

/** The pause before a session that ended is opened again, in milliseconds; it doubles with each failure. */
const reopenMs = 250
const reopenMsMax = 60_000
/** How long opening a session may take, in milliseconds. */
const openTimeoutMs = 10_000
/** The most sessions that one peer may have open with this one. */
const streamsPerPeerMax = 4

export interface SessionsInit extends Pick<SyncInit, 'node' | 'log' | 'store' | 'onNeighbour'> {
  hello: () => Hello
  /** Called when a peer that this one may ask has said hello. */
  onOpen: (session: ClientSession) => void
  onPush: (push: Push, from: ClientSession) => void
  onHave: (have: Have, from: ClientSession) => void
  /** Called when a peer cannot be asked any more. */
  onEnd: (session: ClientSession) => void
  onViolation: (peerId: string, reason: Error) => void
  onError: (err: Error) => void
}

/** The sessions with all peers: one in which this peer asks, opened again whenever it ends, and those in which others ask it. */
export class Sessions {
  readonly #init: SessionsInit
  readonly #acquaintances: Acquaintances
  readonly #clients = new Map<string, ClientSession>()
  readonly #servers = new Map<string, Set<ServerSession>>()
  readonly #opening = new Set<string>()
  readonly #reopening = new Set<NodeJS.Timeout>()
  /** How many sessions with a peer have failed since it last brought what it has. */
  readonly #failures = new Map<string, number>()
  readonly #stopped = new AbortController()
  #topology?: string

  constructor (init: SessionsInit) {
    this.#init = init
    this.#acquaintances = new Acquaintances(init.node.libp2p)
  }

  async start (): Promise<void> {
    const { libp2p } = this.#init.node
    await libp2p.handle(syncProtocol, (stream, connection) => { this.#serve(stream, connection) }, { maxInboundStreams: streamsPerPeerMax })
    this.#topology = await libp2p.register(syncProtocol, {
      onConnect: (peer) => { this.#openInBackground(peer) },
      onDisconnect: (peer) => { this.fail(peer.toString(), new Error('the peer disconnected')) }
    })
    this.#acquaintances.start()

    // libp2p tells only of peers that are identified from now on; those that are there already may speak the protocol too.
    for (const peer of libp2p.getPeers()) {
      if ((await libp2p.peerStore.get(peer)).protocols.includes(syncProtocol)) {
        this.#openInBackground(peer)
      }
    }
  }

  async stop (): Promise<void> {
    const { libp2p } = this.#init.node
    this.#stopped.abort()
    this.#reopening.forEach((timer) => { clearTimeout(timer) })

    if (this.#topology != null) {
      libp2p.unregister(this.#topology)
    }

    this.#acquaintances.stop()
    await libp2p.unhandle(syncProtocol)
    const sessions = [...this.#clients.values(), ...[...this.#servers.values()].flatMap((set) => [...set])]
    await Promise.allSettled(sessions.map((session) => session.close()))
  }

  /** The peers that have said hello, and so may be asked. */
  get greeted (): ClientSession[] {
    return [...this.#clients.values()].filter(({ server }) => server != null)
  }

  /** How many peers there is a session each way with. */
  get neighbours (): number {
    return this.greeted.filter(({ peerId }) => this.#subscriptions(peerId).length > 0).length
  }

  /** Resolves when of all connected peers is known whether they share the log. */
  complete (signal: AbortSignal): Promise<void> {
    return this.#acquaintances.complete(signal)
  }

  failuresOf (peerId: string): number {
    return this.#failures.get(peerId) ?? 0
  }

  /** A peer has brought what it has, so that what failed before does not count any more. */
  forgive (peerId: string): void {
    this.#failures.delete(peerId)
  }

  /** Ends the session in which this peer asks another. */
  fail (peerId: string, reason: Error): void {
    this.#clients.get(peerId)?.fail(reason)
  }

  /** One session with each peer that wants to be told what is new. */
  eachSubscription (use: (session: ServerSession) => void, except: (peerId: string) => boolean = () => false): void {
    for (const peerId of this.#servers.keys()) {
      const [session] = this.#subscriptions(peerId)

      if (session != null && !except(peerId)) {
        use(session)
      }
    }
  }

  #subscriptions (peerId: string): ServerSession[] {
    return [...this.#servers.get(peerId) ?? []].filter(({ subscribed }) => subscribed)
  }

  #serve (stream: Stream, connection: Connection): void {
    const { log, store, hello, onError, onViolation } = this.#init
    const peerId = connection.remotePeer.toString()
    const sessions = this.#servers.get(peerId) ?? new Set()
    this.#servers.set(peerId, sessions)
    const session: ServerSession = new ServerSession({
      stream,
      log,
      store,
      hello,
      onCorrupt: onError,
      onHello: () => { this.#meet(peerId) },
      onViolation: (reason) => { onViolation(peerId, reason) },
      onEnd: () => {
        sessions.delete(session)

        if (sessions.size === 0) {
          this.#servers.delete(peerId)
        }
      }
    })
    sessions.add(session)
  }

  #openInBackground (peer: PeerId): void {
    this.#open(peer).catch(this.#init.onError)
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
      this.#failures.set(peerId, this.failuresOf(peerId) + 1)
      this.#reopenLater(peerId)
      throw new Error(`no session with peer ${peerId} could be opened (${err.message}); it will be tried again`, { cause: err })
    }).finally(() => { this.#opening.delete(peerId) })
    const { log, hello, onOpen, onPush, onHave, onError } = this.#init
    this.#clients.set(peerId, new ClientSession({
      peerId,
      stream,
      hello,
      onHello: (session) => {
        this.#meet(peerId)
        onOpen(session)
        this.#acquaintances.settle(peerId)
      },
      onIdentity: (bytes) => { log.verifier.learn(bytes).catch(onError) },
      onPush,
      onHave,
      onEnd: (session, reason) => { this.#lose(session, reason) }
    }))
  }

  #lose (session: ClientSession, reason?: Error): void {
    const { peerId } = session

    if (this.#clients.get(peerId) === session) {
      this.#clients.delete(peerId)
    }

    this.#init.onEnd(session)
    this.#acquaintances.settle(peerId)

    if (reason instanceof ProtocolError) {
      this.#init.onViolation(peerId, reason)
      return
    }

    if (reason != null) {
      this.#init.onError(reason)
      this.#failures.set(peerId, this.failuresOf(peerId) + 1)
    }

    this.#reopenLater(peerId)
  }

  /** The connection may be there still, or again: libp2p does not tell of a peer twice. */
  #reopenLater (peerId: string): void {
    const timer = setTimeout(() => {
      this.#reopening.delete(timer)
      const [connection] = this.#init.node.libp2p.getConnections().filter(({ remotePeer }) => remotePeer.toString() === peerId)

      if (connection != null) {
        this.#openInBackground(connection.remotePeer)
      }
    }, Math.min(reopenMs * 2 ** this.failuresOf(peerId), reopenMsMax))
    timer.unref()
    this.#reopening.add(timer)
  }

  /** A peer is a neighbour once there is a session each way. */
  #meet (peerId: string): void {
    if (this.#clients.get(peerId)?.server != null && this.#subscriptions(peerId).length > 0) {
      this.#init.onNeighbour(peerId)
    }
  }
}
