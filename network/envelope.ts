import { RETRANSMIT_TIMEOUT_MS_MIN } from './retransmission.ts'
import type { Random } from './random.ts'

/**
 * What TCP's congestion control does to the times of a link, as arithmetic: initial window (RFC 6928), slow start and
 * additive increase (RFC 5681), one multiplicative cut for all losses of one window (RFC 6582, with selective
 * acknowledgements as in RFC 6675), a window of one segment after a time-out, and the restart after idleness (RFC 5681,
 * 4.1). A lost segment costs a round trip, or a time-out where too little follows it to make duplicate acknowledgements.
 *
 * What it leaves out: packets on the link for acknowledgements and retransmissions, delayed acknowledgements, queues that
 * overflow, the curves of CUBIC and BBR.
 */

/** What one Ethernet packet of TCP with timestamps carries, in bytes. */
export const TCP_SEGMENT_BYTES = 1448
const INITIAL_WINDOW_BYTES = 10 * TCP_SEGMENT_BYTES
const SLOW_START_THRESHOLD_BYTES_MIN = 2 * TCP_SEGMENT_BYTES
/** Fewer segments than these under way make no three duplicate acknowledgements. */
const FAST_RETRANSMIT_SEGMENTS = 3
/** What Linux's CUBIC leaves of a window after a loss (RFC 9438); Reno leaves 0.5. */
export const BETA_DEFAULT = 0.7

/** Draws how many of so many segments are lost. */
export type Loss = (segments: number) => number

/** Each segment is lost with this probability, on its own; draws once per loss, not once per segment. */
export function createLoss (random: Random, probability: () => number): Loss {
  let [drawnFor, segmentsToLoss] = [NaN, Infinity]
  return (segments) => {
    const p = probability()
    const gap = (): number => p > 0 ? Math.floor(Math.log(1 - random()) / Math.log(1 - p)) : Infinity
    if (p !== drawnFor) {
      [drawnFor, segmentsToLoss] = [p, gap()]
    }
    let lost = 0
    for (let left = segments; ; lost++) {
      if (segmentsToLoss >= left) {
        segmentsToLoss -= left
        return lost
      }
      left -= segmentsToLoss + 1
      segmentsToLoss = gap()
    }
  }
}

/** When a chunk has left, and when its sender learns that it has arrived, in ms. */
export interface Flight {
  leaveMs: number
  ackMs: number
}

/** The window of one direction of one connection. Times never go backwards. */
export interface Envelope {
  /** How many bytes may be sent now; 0 while that is less than a segment. */
  roomBytes: (nowMs: number) => number
  /** When more may be sent, in ms; Infinity when nothing is under way. */
  nextAckMs: () => number
  /** Takes a chunk on; returns for how long losses hold back it and all behind it, in ms. */
  send: (nowMs: number, bytes: number, flight: Flight) => number
  /** All that is under way is lost, and nothing but a time-out tells. */
  timeOut: () => void
}

interface Sent {
  flight: Flight
  bytes: number
  order: number
  /** It filled at least half of the window, so that its arrival says something about the window (RFC 7661). */
  probes: boolean
  loss: 'none' | 'fast' | 'timeout'
}

export interface EnvelopeInit {
  /** What is left of the window after a loss, between 0 and 1. */
  beta: number
  loss: Loss
}

export function createEnvelope ({ beta, loss }: EnvelopeInit): Envelope {
  let underWay: Sent[] = []
  let [windowBytes, thresholdBytes, bytesUnderWay] = [INITIAL_WINDOW_BYTES, Infinity, 0]
  let [order, recoveredFrom] = [0, 0]
  let [lastSendMs, timeoutMs] = [-Infinity, Infinity]

  function cut (timedOut: boolean): void {
    thresholdBytes = Math.max(windowBytes * beta, SLOW_START_THRESHOLD_BYTES_MIN)
    windowBytes = timedOut ? TCP_SEGMENT_BYTES : thresholdBytes
    recoveredFrom = order
  }

  function acknowledge ({ bytes, order: sentAs, probes, loss: found }: Sent): void {
    bytesUnderWay -= bytes
    // What was sent before the last cut neither cuts nor opens the window again.
    if (sentAs < recoveredFrom) {
      return
    }
    if (found !== 'none') {
      cut(found === 'timeout')
    } else if (probes) {
      windowBytes += windowBytes < thresholdBytes
        ? Math.min(bytes, thresholdBytes - windowBytes)
        : TCP_SEGMENT_BYTES * bytes / windowBytes
    }
  }

  function advance (nowMs: number): void {
    let arrived = 0
    for (let head = underWay[0]; head !== undefined && head.flight.ackMs <= nowMs; head = underWay[arrived]) {
      arrived++
      acknowledge(head)
    }
    underWay = arrived > 0 ? underWay.slice(arrived) : underWay
    if (underWay.length === 0 && nowMs - lastSendMs > timeoutMs) {
      windowBytes = Math.min(windowBytes, INITIAL_WINDOW_BYTES)
    }
  }

  return {
    roomBytes (nowMs) {
      advance(nowMs)
      const room = Math.floor(windowBytes - bytesUnderWay)
      return room >= TCP_SEGMENT_BYTES ? room : 0
    },
    nextAckMs: () => underWay[0]?.flight.ackMs ?? Infinity,
    send (nowMs, bytes, flight) {
      advance(nowMs)
      const roundTripMs = flight.ackMs - flight.leaveMs
      // As Linux has it where round trips are steady.
      timeoutMs = roundTripMs + RETRANSMIT_TIMEOUT_MS_MIN
      lastSendMs = nowMs
      bytesUnderWay += bytes
      const inTime = bytesUnderWay > (FAST_RETRANSMIT_SEGMENTS - 1) * TCP_SEGMENT_BYTES
      const lost = loss(Math.ceil(bytes / TCP_SEGMENT_BYTES))
      const delayMs = retransmissionMs(loss, lost, inTime ? roundTripMs : timeoutMs, timeoutMs)
      const found = delayMs > roundTripMs ? 'timeout' : 'fast'
      underWay.push({ flight, bytes, order: order++, probes: bytesUnderWay * 2 > windowBytes, loss: lost > 0 ? found : 'none' })
      if (found === 'timeout') {
        flight.ackMs += delayMs
      }
      return delayMs
    },
    timeOut () {
      underWay = []
      bytesUnderWay = 0
      cut(true)
    }
  }
}

/**
 * For how long losses hold back a chunk, in ms: the lost segments come with the first retransmission, and those that are
 * lost again with the time-outs that follow.
 */
function retransmissionMs (loss: Loss, lost: number, firstMs: number, timeoutMs: number): number {
  let delayMs = 0
  let nextMs = firstMs
  for (let missing = lost; missing > 0; missing = loss(missing)) {
    delayMs += nextMs
    nextMs = Math.max(timeoutMs, 2 * nextMs)
  }
  return delayMs
}
