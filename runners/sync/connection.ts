import type { RawData, WebSocket } from 'ws'
import type { SyncCounters } from './counters.ts'
import { MalformedRequestError, SyncLimitError } from './errors.ts'
import type { SyncLimits } from './limits.ts'
import { portableBytesMax } from './limits.ts'
import type { Outbox, Source } from './outbox.ts'
import { createOutbox } from './outbox.ts'
import type { SyncRequest } from './protocol.ts'
import { parseRequest, reply } from './protocol.ts'
import type { SyncState } from './state.ts'
import type { Waits } from './waits.ts'
import { createWaits } from './waits.ts'

export interface ConnectionInit {
  socket: WebSocket
  state: SyncState
  counters: SyncCounters
  limits: SyncLimits
  onWarning: (sentence: string) => void
}

const closeCodes = { policy: 1008, malformed: 1007, broken: 1011 }

function sizeOf (data: RawData): number {
  return Array.isArray(data) ? data.reduce((bytes, part) => bytes + part.byteLength, 0) : data.byteLength
}

function textOf (data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString('utf8')
  return Buffer.isBuffer(data) ? data.toString('utf8') : Buffer.from(data).toString('utf8')
}

/** What a request is about, for a sentence the user reads: a topic or a state. */
function subjectOf (request: SyncRequest): string {
  if ('topic' in request) return `the topic "${request.topic.slice(0, 200)}"`
  if ('state' in request) return `the state "${request.state.slice(0, 200)}"`
  return `the request "${request.id.slice(0, 200)}"`
}

/** A connection that merely broke is the runner's business, which knows the instance; only a violation is told here. */
function violationSentence (error: Error & { code?: string }, messageBytesMax: number): string | undefined {
  if (error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') {
    return `sync service: a client was disconnected because it sent more than ${messageBytesMax} bytes in one message; ` +
      'split it or publish a hash of it'
  }
  if (error.code?.startsWith('WS_ERR_') !== true) return undefined
  return `sync service: a client was disconnected because it broke the WebSocket protocol: ${error.message}`
}

function sizeSentence (bytes: number, request: SyncRequest): string {
  return `sync service: a message of ${bytes} bytes for ${subjectOf(request)} is larger than the ${portableBytesMax} bytes ` +
    'that Testground\'s own service accepts; split it or publish a hash of it, or the plan will not run there'
}

/** Carries out requests against the state; what they cause to be said goes to the outbox. */
function createDispatch ({ state, counters }: ConnectionInit, outbox: Outbox, waits: Waits): (request: SyncRequest) => void {
  function subscribe (id: string, topic: string): void {
    waits.add(id, () => {
      const reader = state.read(topic, () => outbox.pump(source))
      const source: Source = {
        next () {
          const message = reader.next()
          if (message === undefined) return undefined
          counters.delivered++
          return reply.message(id, message.encoded)
        }
      }
      outbox.pump(source)
      return () => {
        reader.stop()
        outbox.forget(source)
      }
    })
  }

  function awaitBarrier (id: string, key: string, target: number): void {
    waits.add(id, (done) => state.barrier(key, target, () => {
      done()
      counters.released++
      outbox.send(reply.reached(id))
    }))
  }

  return (request) => {
    counters.requests[request.verb]++
    switch (request.verb) {
      case 'publish': return outbox.send(reply.published(request.id, state.publish(request.topic, request.payload)))
      case 'signal': return outbox.send(reply.signalled(request.id, state.signal(request.state)))
      case 'subscribe': return subscribe(request.id, request.topic)
      case 'barrier': return awaitBarrier(request.id, request.state, request.target)
      case 'cancel': return waits.cancel(request.id)
      case 'none':
    }
  }
}

/** Serves one client until its socket closes. Requests of one connection are carried out in the order they came. */
export function serveConnection (init: ConnectionInit): void {
  const { socket, counters, limits, onWarning } = init
  const outbox = createOutbox(socket, limits.bufferedBytesMax)
  const waits = createWaits(limits.waitsMax)
  const dispatch = createDispatch(init, outbox, waits)
  const warned = new Set<string>()

  /** A client that makes one mistake makes it a thousand times; each kind is told once a connection. */
  function warnOnce (kind: string, sentence: string): void {
    if (warned.has(kind)) return
    warned.add(kind)
    onWarning(sentence)
  }

  function refuse (error: unknown, request: SyncRequest | undefined): void {
    counters.refused++
    if (error instanceof MalformedRequestError) {
      onWarning(`sync service: a client was disconnected because its request is malformed: ${error.message}`)
      return socket.close(closeCodes.malformed, 'failed to unmarshal JSON')
    }
    if (!(error instanceof SyncLimitError)) {
      onWarning(`sync service: a client was disconnected because serving it failed: ${String(error)}`)
      return socket.close(closeCodes.broken, 'internal error')
    }
    warnOnce('limit', error.message)
    // The JavaScript client takes any answer to a barrier for success, so only these two may be answered with an error.
    if (request?.verb === 'publish' || request?.verb === 'signal') return outbox.send(reply.failed(request.id, error.message))
    socket.close(closeCodes.policy, 'a limit of the sync service was reached')
  }

  socket.on('message', (data) => {
    // What still arrives after a refusal is not served.
    if (socket.readyState !== socket.OPEN) return
    let request: SyncRequest | undefined
    try {
      request = parseRequest(textOf(data))
      if (sizeOf(data) > portableBytesMax) warnOnce('size', sizeSentence(sizeOf(data), request))
      dispatch(request)
    } catch (error) {
      refuse(error, request)
    }
  })
  socket.on('close', () => waits.cancelAll())
  socket.on('error', (error) => {
    const sentence = violationSentence(error, limits.messageBytesMax)
    if (sentence !== undefined) onWarning(sentence)
  })
}
