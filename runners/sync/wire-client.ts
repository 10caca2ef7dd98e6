import { once } from 'node:events'
import { WebSocket } from 'ws'

export interface WireRequest {
  id: string
  is_cancel?: boolean
  publish?: { topic: string, payload?: unknown } | null
  subscribe?: { topic: string } | null
  barrier?: { state: string, target: number } | null
  signal_entry?: { state: string } | null
}

/** A response as it stands on the wire. */
export interface WireResponse {
  id: string
  error: string
  publish: { seq: number } | null
  subscribe: string
  signal_entry: { seq: number } | null
}

/** A bare client of the sync protocol for tests and benchmarks: it adds nothing to what is on the wire. */
export interface WireClient {
  readonly socket: WebSocket
  /** Every message received, as text. */
  readonly frames: string[]
  /** Settles when the connection is closed. */
  readonly closed: Promise<{ code: number, reason: string }>
  /** Sends an object, well formed or not, as JSON, a string as text and a buffer as a binary message. */
  send (request: object | string | Buffer): void
  /** The next message for an id that was not taken yet. Rejects after 10 s. */
  next (id: string): Promise<WireResponse>
  /** The next `count` messages for an id. */
  take (id: string, count: number): Promise<WireResponse[]>
  /** Sends a request and waits for the next message with its id. */
  ask (request: WireRequest): Promise<WireResponse>
  close (): Promise<void>
}

const waitMsMax = 10_000

interface Mailbox {
  unread: WireResponse[]
  readers: Array<(response: WireResponse) => void>
}

/** Messages sorted by id, each handed out once, in the order they came. */
function createMailboxes () {
  const boxes = new Map<string, Mailbox>()

  function boxOf (id: string): Mailbox {
    const box = boxes.get(id) ?? { unread: [], readers: [] }
    boxes.set(id, box)
    return box
  }

  return {
    put (response: WireResponse): void {
      const box = boxOf(response.id)
      const reader = box.readers.shift()
      if (reader !== undefined) reader(response)
      else box.unread.push(response)
    },
    async take (id: string): Promise<WireResponse> {
      const box = boxOf(id)
      const response = box.unread.shift()
      if (response !== undefined) return response
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`waited ${waitMsMax} ms for a message with the id "${id}"`)), waitMsMax)
        box.readers.push((received) => {
          clearTimeout(timer)
          resolve(received)
        })
      })
    }
  }
}

/** Connects to a sync service; rejects when it cannot be reached. */
export async function connectWire (url: string): Promise<WireClient> {
  const socket = new WebSocket(url, { perMessageDeflate: false })
  const frames: string[] = []
  const mailboxes = createMailboxes()
  const closed = new Promise<{ code: number, reason: string }>((resolve) => {
    socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }))
  })
  socket.on('message', (data: Buffer) => {
    const text = data.toString()
    frames.push(text)
    mailboxes.put(JSON.parse(text) as WireResponse)
  })
  await once(socket, 'open', { signal: AbortSignal.timeout(waitMsMax) })
  // From here on a broken connection shows in `closed`.
  socket.on('error', () => {})

  const client: WireClient = {
    socket,
    frames,
    closed,
    send: (request) => socket.send(typeof request === 'string' || Buffer.isBuffer(request) ? request : JSON.stringify(request)),
    next: (id) => mailboxes.take(id),
    async take (id, count) {
      const taken: WireResponse[] = []
      while (taken.length < count) taken.push(await mailboxes.take(id))
      return taken
    },
    ask (request) {
      client.send(request)
      return mailboxes.take(request.id)
    },
    async close () {
      socket.close()
      await closed
    }
  }
  return client
}
