import type { Envelope } from './envelope.ts'

/**
 * The link model: when do bytes that are sent now leave, and when do they arrive? Pure arithmetic on times in ms (with
 * fractions, from any origin); no clock, no timer, no randomness of its own, so that real time and virtual time share it.
 *
 * What it leaves out: packets and their headers; loss and TCP's window, unless an envelope adds them. Flows that share an
 * uplink queue for it chunk by chunk in the order they ask, which is fair only as far as their chunks are alike.
 */

/** Something that carries one bit after another at a fixed rate: an uplink, or the path between two instances. */
export interface Serialiser {
  /** Bit/s; Infinity carries everything at once. */
  readonly bitsPerSecond: number
  /** When the last bit that was taken on is through. */
  freeAtMs: number
}

export function createSerialiser (bitsPerSecond: number): Serialiser {
  if (!(bitsPerSecond > 0)) {
    throw new RangeError(`A rate must be above 0 bit/s, not ${bitsPerSecond}: use Infinity for no limit.`)
  }
  return { bitsPerSecond, freeAtMs: -Infinity }
}

/** How long this many bytes take at this rate, in ms. */
export function serialisationMs (bytes: number, bitsPerSecond: number): number {
  return bytes * 8 / bitsPerSecond * 1000
}

/**
 * Takes bytes on. Their first bit is at hand at `firstBitMs`, their last at `lastBitMs`; they follow what was taken on
 * before, bit by bit (cut-through, not store-and-forward), and no bit comes out before it went in.
 */
export function serialise (
  serialiser: Serialiser, firstBitMs: number, lastBitMs: number, bytes: number
): { startMs: number, endMs: number } {
  const startMs = Math.max(serialiser.freeAtMs, firstBitMs)
  const endMs = Math.max(startMs + serialisationMs(bytes, serialiser.bitsPerSecond), lastBitMs)
  serialiser.freeAtMs = endMs
  return { startMs, endMs }
}

export interface LinkInit {
  /** Shared by all links of the sending instance. */
  uplink: Serialiser
  /** Shared by all links from the one instance to the other. */
  flow: Serialiser
  /** Propagation in one direction, in ms. */
  latencyMs: () => number
  /** Draws what is added to the latency of one chunk, in ms, never negative. */
  jitterMs?: () => number
  /** Before this time nothing arrives, in ms. */
  arriveMsMin?: number
  /** TCP's window and the way back of its acknowledgements; without, everything goes at once and nothing is lost. */
  tcp?: { envelope: Envelope, returnMs: () => number }
}

/**
 * When a chunk's first bit and its last leave the sender, when the receiver has it and all before it, and when the sender
 * learns that, in ms.
 */
export interface Passage {
  startMs: number
  leaveMs: number
  arriveMs: number
  ackMs: number
}

export interface Link {
  /** Propagation in one direction, in ms. */
  latencyMs: () => number
  /** Before this time nothing arrives, in ms. */
  readonly arriveMsMin: number
  /** How many bytes may be sent now, and when more may be, in ms. */
  roomBytes: (nowMs: number) => number
  nextRoomMs: () => number
  /** All that is under way is lost. */
  timeOut: () => void
  /** Sends a chunk at `nowMs`, which never goes backwards. Chunks arrive in the order they were sent. */
  send: (nowMs: number, bytes: number) => Passage
}

/** One direction of one connection. */
export function createLink ({ uplink, flow, latencyMs, jitterMs, arriveMsMin = -Infinity, tcp }: LinkInit): Link {
  let lastComeMs = arriveMsMin
  let lastArriveMs = arriveMsMin
  return {
    latencyMs,
    arriveMsMin,
    roomBytes: (nowMs) => tcp?.envelope.roomBytes(nowMs) ?? Infinity,
    nextRoomMs: () => tcp?.envelope.nextAckMs() ?? -Infinity,
    timeOut () {
      [lastComeMs, lastArriveMs] = [arriveMsMin, arriveMsMin]
      tcp?.envelope.timeOut()
    },
    send (nowMs, bytes) {
      const up = serialise(uplink, nowMs, nowMs, bytes)
      const { startMs, endMs: leaveMs } = serialise(flow, up.startMs, up.endMs, bytes)
      const comeMs = Math.max(lastComeMs, leaveMs + latencyMs() + (jitterMs?.() ?? 0))
      lastComeMs = comeMs
      const passage = { startMs, leaveMs, arriveMs: comeMs, ackMs: comeMs + (tcp?.returnMs() ?? 0) }
      if (tcp !== undefined && bytes > 0) {
        passage.arriveMs += tcp.envelope.send(nowMs, bytes, passage)
      }
      // What was lost before holds back what comes behind it.
      passage.arriveMs = Math.max(lastArriveMs, passage.arriveMs)
      lastArriveMs = passage.arriveMs
      return passage
    }
  }
}
