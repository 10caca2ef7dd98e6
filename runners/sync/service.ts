import type { IncomingMessage, Server } from 'node:http'
import { createServer, STATUS_CODES } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import { serveConnection } from './connection.ts'
import { SyncStartError } from './errors.ts'
import type { SyncLimits } from './limits.ts'
import { syncLimits } from './limits.ts'
import { decodePayload, encodePayload } from './protocol.ts'
import { createSyncState } from './state.ts'
import { createTap } from './tap.ts'

export interface SyncServiceInit {
  /** Address to listen on; 127.0.0.1 unless told, because the protocol knows no authentication. */
  host?: string
  /** Port to listen on; 0, the default, takes a free one. */
  port?: number
  /** Takes sentences about misbehaving clients; without it they become process warnings. */
  onWarning?: (sentence: string) => void
  limits?: Partial<SyncLimits>
}

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

/** How long a client may take to answer the closing handshake before its socket is cut. */
const closeMsMax = 1_000

/**
 * Whether a request comes from a program, or from a web page of this machine or of this service. Programs send no
 * Origin; a browser always does, and without this check any page it shows could write into a run.
 */
function isTrusted (request: IncomingMessage): boolean {
  const { origin, host } = request.headers
  if (origin === undefined) return true
  if (!URL.canParse(origin)) return false
  const page = new URL(origin)
  return page.host === host || ['localhost', '127.0.0.1', '[::1]'].includes(page.hostname)
}

function refuseUpgrade (stream: Duplex, status: number, sentence: string): void {
  stream.on('error', () => {})
  stream.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: text/plain\r\n` +
    `Content-Length: ${Buffer.byteLength(sentence)}\r\n\r\n${sentence}`)
}

function createHttpServer (sockets: WebSocketServer): Server {
  const http = createServer((request, response) => {
    response.writeHead(426, { Connection: 'Upgrade', Upgrade: 'websocket', 'Content-Type': 'text/plain' })
    response.end(`WebSocket protocol violation: Connection header "${request.headers.connection ?? ''}" does not contain Upgrade\n`)
  })
  http.on('upgrade', (request, stream, head) => {
    if (!isTrusted(request)) return refuseUpgrade(stream, 403, 'The sync service serves no web page of another machine.\n')
    sockets.handleUpgrade(request, stream, head, (socket) => sockets.emit('connection', socket, request))
  })
  return http
}

async function listen (http: Server, host: string, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      const cure = error.code === 'EADDRINUSE'
        ? 'another program has this port; leave the port out to take a free one'
        : 'give an address of this machine, or leave it out for 127.0.0.1'
      reject(new SyncStartError(`sync service: cannot listen on ${host}:${port} (${error.code ?? error.message}): ${cure}`, { cause: error }))
    }
    http.once('error', failed)
    http.listen(port, host, () => {
      http.off('error', failed)
      resolve(http.address() as AddressInfo)
    })
  })
}

async function shutDown (http: Server, sockets: WebSocketServer): Promise<void> {
  const closed = [...sockets.clients].map((socket) => new Promise<void>((resolve) => {
    socket.once('close', () => resolve())
    socket.close(1001, 'the sync service is closing')
  }))
  closed.push(new Promise((resolve) => { http.close(() => resolve()) }))
  const cut = setTimeout(() => {
    for (const socket of sockets.clients) socket.terminate()
    http.closeAllConnections()
  }, closeMsMax)
  await Promise.all(closed)
  clearTimeout(cut)
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
 * - Nothing is forgotten before `close`, and an idle connection is never closed.
 * - Requests may have up to 1 MiB; above 32,768 bytes, where the original closes with 1009, it warns once a connection.
 * - A `null` request is refused with 1007 (the original's connection goes dead). So is nesting beyond 1,000 levels.
 *   `5.0` and `5e0` pass as integers.
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
  sockets.on('connection', (socket) => serveConnection({ socket, state, limits, onWarning }))
  const http = createHttpServer(sockets)
  const { address, port } = await listen(http, init.host ?? '127.0.0.1', init.port ?? 0)
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
      closing ??= shutDown(http, sockets)
      return closing
    }
  }
}
