import { Uint8ArrayList } from 'uint8arraylist'
import { serialise } from './link.ts'
import type { DelayLine } from './delay-line.ts'
import type { Link, Passage, Serialiser } from './link.ts'

export interface EgressInit {
  link: Link
  delayLine: DelayLine
  /** What the far end receives through, shared by all who send to it; none where only the sender is modelled. */
  downlink?: Serialiser
  /** What may be held back at most, in bytes. */
  sendBufferBytes: number
  /** The pieces that large writes are cut into, in bytes. */
  segmentBytes: number
  /** Hands on what has arrived; false means: no more until `resume` is called. */
  deliver: (data: Uint8ArrayList) => boolean
  /** Called once there is room again, after a refusal. */
  onDrain: () => void
}

interface Chunk extends Passage {
  data?: Uint8Array
  /** It has its place in the downlink. */
  received?: boolean
  arrived?: () => void
}

/** The sending side of one connection: bytes go in now and come out in order when the link has carried them. */
export class Egress {
  readonly #init: EgressInit
  #queue: Chunk[] = []
  /** What stands before this index in the queue is gone. */
  #first = 0
  #heldBytes = 0
  #blocked = false
  #wantsDrain = false
  #takeBack: (() => void) | undefined

  constructor (init: EgressInit) {
    this.#init = init
  }

  /** What was taken and has not been handed on, in bytes. */
  get heldBytes (): number {
    return this.#heldBytes
  }

  /** Takes what there is room for. Once `hasRoom` is false, `onDrain` follows. */
  accept (data: Uint8ArrayList): { acceptedBytes: number, hasRoom: boolean } {
    const { sendBufferBytes, delayLine } = this.#init
    const acceptedBytes = this.#blocked ? 0 : Math.max(0, Math.min(data.byteLength, sendBufferBytes - this.#heldBytes))
    if (acceptedBytes > 0) {
      // A copy, because the bytes are held while their owner may use the memory again.
      this.#enqueue(data.slice(0, acceptedBytes))
      const horizonMs = delayLine.horizonMs()
      if ((this.#queue[this.#first]?.arriveMs ?? Infinity) <= horizonMs) {
        this.#pump(horizonMs)
      } else {
        this.#arm()
      }
    }
    const hasRoom = acceptedBytes === data.byteLength && !this.#blocked && this.#heldBytes < sendBufferBytes
    this.#wantsDrain = !hasRoom
    return { acceptedBytes, hasRoom }
  }

  /** The far end takes more again. */
  resume (): void {
    this.#blocked = false
    this.#pump(this.#init.delayLine.horizonMs())
  }

  /** Calls back when everything taken so far, and the farewell behind it, has arrived. */
  finish (arrived: () => void): void {
    const { link, delayLine } = this.#init
    this.#queue.push({ ...link.send(delayLine.nowMs(), 0), arrived })
    this.#arm()
  }

  /** Forgets what has not left yet; what is under way arrives, and behind it, a latency from now at least, the callback. */
  reset (arrived: () => void): void {
    const { link, delayLine } = this.#init
    const nowMs = delayLine.nowMs()
    const underWay = this.#queue.slice(this.#first).filter((chunk) => chunk.leaveMs <= nowMs)
    const arriveMs = Math.max(nowMs + link.latencyMs, link.arriveMsMin, underWay.at(-1)?.arriveMs ?? nowMs)
    this.discard()
    this.#heldBytes = underWay.reduce((sum, chunk) => sum + (chunk.data?.byteLength ?? 0), 0)
    this.#queue = [...underWay, { startMs: nowMs, leaveMs: nowMs, arriveMs, arrived }]
    // A far end that takes nothing must not hold the reset back for ever; what it has not taken is lost to it anyway.
    this.#blocked = false
    this.#arm()
  }

  /** Forgets everything. */
  discard (): void {
    this.#queue = []
    this.#first = 0
    this.#heldBytes = 0
    this.#takeBack?.()
    this.#takeBack = undefined
  }

  #enqueue (data: Uint8Array): void {
    const { link, delayLine, segmentBytes } = this.#init
    const nowMs = delayLine.nowMs()
    for (let offset = 0; offset < data.byteLength; offset += segmentBytes) {
      const segment = data.subarray(offset, offset + segmentBytes)
      this.#queue.push({ ...link.send(nowMs, segment.byteLength), data: segment })
    }
    this.#heldBytes += data.byteLength
  }

  #arm (): void {
    const head = this.#queue[this.#first]
    if (this.#takeBack === undefined && head !== undefined && !this.#blocked) {
      this.#takeBack = this.#init.delayLine.at(head.arriveMs, (horizonMs) => {
        this.#takeBack = undefined
        this.#pump(horizonMs)
      })
    }
  }

  /** Hands on everything that has arrived by the horizon, in one piece, unless the far end takes nothing. */
  #pump (horizonMs: number): void {
    const due = new Uint8ArrayList()
    const arrivals: Array<() => void> = []
    for (
      let chunk = this.#queue[this.#first];
      chunk !== undefined && !this.#blocked && this.#hasArrived(chunk, horizonMs);
      chunk = this.#queue[this.#first]
    ) {
      this.#first++
      if (chunk.data !== undefined) {
        due.append(chunk.data)
      }
      if (chunk.arrived !== undefined) {
        arrivals.push(chunk.arrived)
      }
    }
    this.#compact()
    if (due.byteLength > 0) {
      this.#heldBytes -= due.byteLength
      this.#blocked = !this.#init.deliver(due)
    }
    for (const arrived of arrivals) {
      arrived()
    }
    this.#arm()
    if (this.#wantsDrain && !this.#blocked && this.#heldBytes <= this.#init.sendBufferBytes / 2) {
      this.#wantsDrain = false
      this.#init.onDrain()
    }
  }

  /**
   * A downlink is asked only when the last bit has come to it, for it takes on what comes first and not what was sent
   * first. As only the head of each queue asks, senders that share it take turns.
   */
  #hasArrived (chunk: Chunk, horizonMs: number): boolean {
    const { downlink } = this.#init
    if (downlink !== undefined && chunk.received !== true && chunk.data !== undefined && chunk.arriveMs <= horizonMs) {
      chunk.received = true
      const firstBitMs = chunk.arriveMs - (chunk.leaveMs - chunk.startMs)
      chunk.arriveMs = serialise(downlink, firstBitMs, chunk.arriveMs, chunk.data.byteLength).endMs
    }
    return chunk.arriveMs <= horizonMs
  }

  /** Moves the queue up now and then, so that taking from its front stays cheap. */
  #compact (): void {
    if (this.#first > 1024 || this.#first === this.#queue.length) {
      this.#queue = this.#queue.slice(this.#first)
      this.#first = 0
    }
  }
}
