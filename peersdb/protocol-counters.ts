import type { CounterRow } from './api.ts'
import type { MessageStream, Metrics } from '@libp2p/interface'

/** Counts the bytes and the streams of a libp2p node by protocol. */
export interface ProtocolCounters {
  /** What libp2p takes as its `metrics`. */
  readonly metrics: () => Metrics
  rows (): CounterRow[]
}

interface Traffic {
  bytesSent: number
  bytesReceived: number
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

  const metrics: Metrics = {
    trackMultiaddrConnection: (connection) => { track(connection, connections) },
    trackProtocolStream: (stream) => {
      const traffic = protocols.get(stream.protocol) ?? emptyTraffic()
      protocols.set(stream.protocol, traffic)
      track(stream, traffic)
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
  }

  return {
    metrics: () => metrics,
    rows: () => [
      ...rowsOf('connection', 'of connections, on the wire', {}, connections),
      ...[...protocols].flatMap(([protocol, traffic]) => rowsOf('protocol', 'of streams, by protocol', { protocol }, traffic))
    ]
  }
}

function emptyTraffic (): Traffic {
  return { bytesSent: 0, bytesReceived: 0, opened: 0, open: 0 }
}

/**
 * Wraps the two methods through which all goes, for libp2p has no hook for it. A listener for messages would not do: a stream
 * holds back what arrives until somebody listens, so the first bytes would come here and be lost to the protocol.
 */
function track (stream: MessageStream, traffic: Traffic): void {
  const send = stream.send.bind(stream)
  const dispatchEvent = stream.dispatchEvent.bind(stream)
  traffic.opened++
  stream.send = (data) => {
    traffic.bytesSent += data.byteLength
    return send(data)
  }
  stream.dispatchEvent = (event: Event) => {
    if (event.type === 'message' && 'data' in event) {
      traffic.bytesReceived += (event.data as Uint8Array).byteLength
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
    { name: `${prefix}_opened`, help: `Number ${what}, since the start.`, type: 'counter', labels, value: traffic.opened },
    { name: `${prefix}_open`, help: `Number ${what}, open now.`, type: 'gauge', labels, value: traffic.open }
  ]
}
