import { WebSocketServer } from 'ws'
import { serveConnection } from './connection.ts'
import { createSyncCounters, syncMetrics } from './counters.ts'
import { createHttpServer, listen, shutDown } from './http.ts'
import type { SyncLimits } from './limits.ts'
import { syncLimits } from './limits.ts'
import { decodePayload, encodePayload } from './protocol.ts'
import { createSyncState } from './state.ts'
import type { SyncState } from './state.ts'
import { createTap } from './tap.ts'

export interface SyncServiceInit {
  /** Address to listen on; 127.0.0.1 unless told, because the protocol knows no authentication. */
  host?: string
  /** Port to listen on; 0, the default, takes a free one. */
  port?: number
  /** Takes sentences about misbehaving clients; without it they become process warnings. */
  onWarning?: (sentence: string) => void
  limits?: Partial<SyncLimits>
  /**
   * Forgets a run, all states and topics of one, when nobody has used any of it for so long, in milliseconds. For a service
   * that outlives runs; without it nothing is forgotten before `close`.
   */
  forgetAfterMs?: number
}

/** How often what is to be forgotten is looked for. */
const forgetIntervalMs = 60_000

export interface SyncService {
  readonly host: string
  readonly port: number
  /**
   * Listens in on a topic from inside the process: calls `listener` for everything published so far, before it
   * returns, and then for each message as it is published. Every call has a payload of its own. Returns the function
   * that ends it.
   *
   * @throws SyncLimitError when the service holds as much as it may
   */
  subscribe (topic: string, listener: (payload: unknown, seq: number) => void): () => void
  /** Number of signals a state has had. */
  count (state: string): number
  /** Signals a state on the runner's behalf and returns its new count. @throws SyncLimitError as above */
  signal (state: string): number
  /** Publishes a JSON value on the runner's behalf and returns its number, from 1. @throws SyncLimitError as above */
  publish (topic: string, payload: unknown): number
  /** Number of clients connected now. */
  connections (): number
  /** Disconnects every client and frees the port, within about a second. */
  close (): Promise<void>
}

/**
 * Starts Testground's sync service inside this process: its wire protocol (testground/sync-service of June 2023:
 * JSON over WebSocket, one request or response to a message), so that unmodified Testground clients work with it.
 *
 * It departs from the original in these points, none of which a working plan can see:
 * - Cancel ends a subscription or barrier (the original goes on); it stays silent, as there.
 * - Messages are delivered at once, not every 100 ms. Plans may still not rely on less than 100 ms.
 * - A stalled subscriber delays nobody: it is a position in the topic's log, and gets the rest when it reads again.
 *   Requests of one connection are carried out in order.
 * - Nothing is forgotten before `close`, or before its run was idle for as long as was asked for, and an idle connection
 *   is never closed. The original forgets a barrier after ten minutes.
 * - Requests may have up to 1 MiB; above 32,768 bytes, where the original closes with 1009, it warns once a connection.
 * - A `null` request is refused with 1007 (the original's connection goes dead). So is nesting beyond 1,000 levels.
 *   `5.0` and `5e0` pass as integers.
 * - `/health` answers "ok", and `/metrics` tells what it does as Prometheus text.
 * - What it holds is bounded, see {@link SyncLimits}; web pages of other machines are refused with 403.
 * - When it closes, open barriers get no answer, only the closed connection: the JavaScript client takes any answer for success.
 *
 * @throws SyncStartError when the address cannot be listened on
 */
export async function startSyncService (init: SyncServiceInit = {}): Promise<SyncService> {
  const limits: SyncLimits = { ...syncLimits, ...init.limits }
  const onWarning = init.onWarning ?? ((sentence) => process.emitWarning(sentence, 'SyncServiceWarning'))
  const state = createSyncState(limits.retainedBytesMax)
  const sockets = new WebSocketServer({ noServer: true, maxPayload: limits.messageBytesMax })
  const counters = createSyncCounters()
  sockets.on('connection', (socket) => serveConnection({ socket, state, counters, limits, onWarning }))
  const http = createHttpServer(sockets, () => syncMetrics(counters, {
    ...state.holdings(), connections: sockets.clients.size, retainedBytesMax: limits.retainedBytesMax
  }))
  const { address, port } = await listen(http, init.host ?? '127.0.0.1', init.port ?? 0)
  const forgetter = init.forgetAfterMs === undefined ? undefined : forgetIdle(state, init.forgetAfterMs)
  let closing: Promise<void> | undefined

  return {
    host: address,
    port,
    subscribe: (topic, listener) => createTap(state, topic, (encoded, seq) => {
      try {
        listener(decodePayload(encoded), seq)
      } catch (error) {
        // The publisher is another instance; its connection must not pay for a mistake of this process.
        onWarning(`sync service: a listener of the topic "${topic}" failed at message ${seq}: ${String(error)}`)
      }
    }),
    count: (key) => state.count(key),
    signal: (key) => state.signal(key),
    publish: (topic, payload) => state.publish(topic, encodePayload(JSON.parse(JSON.stringify(payload) ?? 'null'))),
    connections: () => sockets.clients.size,
    close: () => {
      clearInterval(forgetter)
      closing ??= shutDown(http, sockets)
      return closing
    }
  }
}

function forgetIdle (state: SyncState, forgetAfterMs: number): NodeJS.Timeout {
  return setInterval(() => { state.forget(performance.now() - forgetAfterMs) }, Math.min(forgetIntervalMs, forgetAfterMs)).unref()
}
