import { createServer, STATUS_CODES } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { WebSocketServer } from 'ws'
import { SyncStartError } from './errors.ts'

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

/** Serves `/health` and `/metrics`, and tells all others that they want a WebSocket. */
function answer (request: IncomingMessage, response: ServerResponse, metrics: () => string): void {
  const text = (type: string, body: string): void => {
    response.writeHead(200, { 'Content-Type': type }).end(request.method === 'HEAD' ? '' : body)
  }
  const isRead = request.method === 'GET' || request.method === 'HEAD'
  if (isRead && request.url === '/health') return text('text/plain', 'ok\n')
  if (isRead && request.url === '/metrics') return text('text/plain; version=0.0.4', metrics())
  response.writeHead(426, { Connection: 'Upgrade', Upgrade: 'websocket', 'Content-Type': 'text/plain' })
  response.end(`WebSocket protocol violation: Connection header "${request.headers.connection ?? ''}" does not contain Upgrade\n`)
}

export function createHttpServer (sockets: WebSocketServer, metrics: () => string): Server {
  const http = createServer((request, response) => { answer(request, response, metrics) })
  http.on('upgrade', (request, stream, head) => {
    if (!isTrusted(request)) return refuseUpgrade(stream, 403, 'The sync service serves no web page of another machine.\n')
    sockets.handleUpgrade(request, stream, head, (socket) => sockets.emit('connection', socket, request))
  })
  return http
}

/** @throws SyncStartError when the address cannot be listened on */
export async function listen (http: Server, host: string, port: number): Promise<AddressInfo> {
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

/** Closes every connection in order, cuts those that do not answer, and frees the port. */
export async function shutDown (http: Server, sockets: WebSocketServer): Promise<void> {
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
