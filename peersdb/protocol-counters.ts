import { isHeard, tellStream } from './channels.ts'
import type { CounterRow } from './api.ts'
import type { StreamEvent } from './channels.ts'
import type { Connection, MessageStream, Metrics, MultiaddrConnection, Stream } from '@libp2p/interface'

/** Counts the bytes and the streams of a libp2p node by protocol. */
export interface ProtocolCounters {
  /** What libp2p takes as its `metrics`. */
  readonly metrics: (components: NodeComponents) => Metrics
  rows (): CounterRow[]
}

/** What of a libp2p node tells on which connection a stream is. */
interface NodeComponents {
  readonly connectionManager: { getConnections (): readonly Connection[] }
}

type Hear = (way: StreamEvent['way'], data: StreamEvent['data']) => void

interface Traffic {
  bytesSent: number
  bytesReceived: number
  /** Calls to send: what a protocol sends at once is one of its messages. */
  messagesSent: number
  opened: number
  open: number
}

const nothing = () => {}
const ignored = { update: nothing, increment: nothing, decrement: nothing, reset: nothing, observe: nothing, timer: () => nothing }
const ignore = () => ignored

/**
 * Creates the counters of one node. Streams count what a protocol gives and takes, once the protocol was negotiated;
 * connections count what goes over the wire, encryption, framing and negotiation included. libp2p's own metrics of other
 * things are ignored.
 */
export function createProtocolCounters (): ProtocolCounters {
  const connections = emptyTraffic()
  const protocols = new Map<string, Traffic>()
  /** What the transport made of each connection, by the one object that libp2p passes on from that to its own. */
  const transportEnds = new WeakMap<MultiaddrConnection['timeline'], MultiaddrConnection>()

  const hearing = (stream: Stream, { connectionManager }: NodeComponents): Hear | undefined => {
    const own = isHeard() ? connectionManager.getConnections().find(({ streams }) => streams.includes(stream)) : undefined
    const connection = own == null ? undefined : transportEnds.get(own.timeline)
    return connection == null ? undefined : (way, data) => { tellStream({ stream, connection, way, data }) }
  }

  const metrics = (components: NodeComponents): Metrics => ({
    trackMultiaddrConnection: (connection) => {
      transportEnds.set(connection.timeline, connection)
      track(connection, connections)
    },
    trackProtocolStream: (stream) => {
      const traffic = protocols.get(stream.protocol) ?? emptyTraffic()
      protocols.set(stream.protocol, traffic)
      track(stream, traffic, hearing(stream, components))
    },
    registerMetric: ignore,
    registerMetricGroup: ignore,
    registerCounter: ignore,
    registerCounterGroup: ignore,
    registerHistogram: ignore,
    registerHistogramGroup: ignore,
    registerSummary: ignore,
    registerSummaryGroup: ignore,
    traceFunction: <Traced>(_name: string, traced: Traced) => traced,
    createTrace: nothing
  })

  return {
    metrics,
    rows: () => [
      ...rowsOf('connection', 'of connections, on the wire', {}, connections),
      ...[...protocols].flatMap(([protocol, traffic]) => rowsOf('protocol', 'of streams, by protocol', { protocol }, traffic))
    ]
  }
}

function emptyTraffic (): Traffic {
  return { bytesSent: 0, bytesReceived: 0, messagesSent: 0, opened: 0, open: 0 }
}

/**
 * Wraps the two methods through which all goes, for libp2p has no hook for it. A listener for messages would not do: a stream
 * holds back what arrives until somebody listens, so the first bytes would come here and be lost to the protocol.
 */
function track (stream: MessageStream, traffic: Traffic, hear?: Hear): void {
  const send = stream.send.bind(stream)
  const dispatchEvent = stream.dispatchEvent.bind(stream)
  traffic.opened++
  stream.send = (data) => {
    traffic.bytesSent += data.byteLength
    traffic.messagesSent++
    hear?.('sent', data)
    return send(data)
  }
  stream.dispatchEvent = (event: Event) => {
    if (event.type === 'message' && 'data' in event) {
      const data = event.data as StreamEvent['data']
      traffic.bytesReceived += data.byteLength
      hear?.('received', data)
    }

    return dispatchEvent(event)
  }

  if (stream.status === 'open' || stream.status === 'closing') {
    traffic.open++
    stream.addEventListener('close', () => { traffic.open-- }, { once: true })
  }
}

function rowsOf (prefix: string, what: string, labels: Record<string, string>, traffic: Traffic): CounterRow[] {
  return [
    { name: `${prefix}_bytes_sent`, help: `Bytes sent ${what}.`, type: 'counter', labels, value: traffic.bytesSent },
    { name: `${prefix}_bytes_received`, help: `Bytes received ${what}.`, type: 'counter', labels, value: traffic.bytesReceived },
    { name: `${prefix}_messages_sent`, help: `Messages sent ${what}.`, type: 'counter', labels, value: traffic.messagesSent },
    { name: `${prefix}_opened`, help: `Number ${what}, since the start.`, type: 'counter', labels, value: traffic.opened },
    { name: `${prefix}_open`, help: `Number ${what}, open now.`, type: 'gauge', labels, value: traffic.open }
  ]
}
