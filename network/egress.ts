import { Uint8ArrayList } from 'uint8arraylist'
import { serialise } from './link.ts'
import { retransmissionAt } from './retransmission.ts'
import type { DelayLine } from './delay-line.ts'
import type { Link, Passage, Serialiser } from './link.ts'

export interface EgressInit {
  link: Link
  /** Where things come to the sender, and where they come to the far end. */
  departures: DelayLine
  arrivals: DelayLine
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

interface Chunk {
  /** None while it waits for room. */
  passage?: Passage
  data?: Uint8Array
  /** It has its place in the downlink. */
  received?: boolean
  arrived?: () => void
}

/** The sending side of one connection: bytes go in now and come out in order when the link has carried them. */
export class Egress {
  readonly #init: EgressInit
  #queue: Chunk[] = []
  /** What stands before the first index in the queue is gone, and what stands from the second on has not been sent. */
  #first = 0
  #next = 0
  #heldBytes = 0
  #blocked = false
  #wantsDrain = false
  /** Nothing gets through; when what is lost was first sent, and before which time it is not sent again, in ms. */
  #held = false
  #lostMs: number | undefined
  #retransmitMs = -Infinity
  #takeBackDeparture: (() => void) | undefined
  #takeBackArrival: (() => void) | undefined

  constructor (init: EgressInit) {
    this.#init = init
  }

  /** What was taken and has not been handed on, in bytes. */
  get heldBytes (): number {
    return this.#heldBytes
  }

  /** Takes what there is room for. Once `hasRoom` is false, `onDrain` follows. */
  accept (data: Uint8ArrayList): { acceptedBytes: number, hasRoom: boolean } {
    const { sendBufferBytes, arrivals } = this.#init
    const acceptedBytes = this.#blocked ? 0 : Math.max(0, Math.min(data.byteLength, sendBufferBytes - this.#heldBytes))
    if (acceptedBytes > 0) {
      // A copy, because the bytes are held while their owner may use the memory again.
      this.#enqueue(data.slice(0, acceptedBytes))
      const horizonMs = arrivals.horizonMs()
      if ((this.#queue[this.#first]?.passage?.arriveMs ?? Infinity) <= horizonMs) {
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
    this.#pump(this.#init.arrivals.horizonMs())
  }

  /** Calls back when everything taken so far, and the farewell behind it, has arrived. */
  finish (arrived: () => void): void {
    this.#queue.push({ arrived })
    this.#depart(this.#init.departures.nowMs())
    this.#arm()
  }

  /** Forgets what has not left yet; what is under way arrives, and behind it, a latency from now at least, the callback. */
  reset (arrived: () => void): void {
    const { link, departures } = this.#init
    const nowMs = departures.nowMs()
    const underWay = this.#queue.slice(this.#first, this.#next).filter(({ passage }) => (passage?.leaveMs ?? Infinity) <= nowMs)
    const arriveMs = Math.max(nowMs + link.latencyMs(), link.arriveMsMin, underWay.at(-1)?.passage?.arriveMs ?? nowMs)
    this.discard()
    this.#heldBytes = underWay.reduce((sum, chunk) => sum + (chunk.data?.byteLength ?? 0), 0)
    this.#queue = [...underWay, { arrived }]
    this.#next = underWay.length
    if (!this.#held && nowMs >= this.#retransmitMs) {
      this.#queue[this.#next++] = { passage: { startMs: nowMs, leaveMs: nowMs, arriveMs, ackMs: arriveMs }, arrived }
    }
    // A far end that takes nothing must not hold the reset back for ever; what it has not taken is lost to it anyway.
    this.#blocked = false
    this.#depart(nowMs)
    this.#arm()
  }

  /** Loses everything that has not arrived, and sends nothing until `release`. */
  hold (): void {
    if (this.#held) {
      return
    }
    this.#held = true
    const nowMs = this.#init.departures.nowMs()
    while (this.#next > this.#first && (this.#queue[this.#next - 1]?.passage?.arriveMs ?? 0) > nowMs) {
      const chunk = this.#queue[--this.#next]
      if (chunk !== undefined) {
        this.#queue[this.#next] = { data: chunk.data, arrived: chunk.arrived }
        this.#lostMs = Math.min(this.#lostMs ?? Infinity, chunk.passage?.leaveMs ?? Infinity)
      }
    }
    this.#disarm()
    this.#arm()
    // What waits for a window would have gone into the void by now.
    this.#depart(nowMs)
  }

  /** Sends again, and what was lost or could not be sent at TCP's next retransmission. */
  release (): void {
    if (this.#held) {
      this.#held = false
      const nowMs = this.#init.departures.nowMs()
      this.#retransmitMs = this.#lostMs === undefined ? -Infinity : retransmissionAt(this.#lostMs, nowMs)
      this.#depart(nowMs)
      this.#arm()
    }
  }

  /** Forgets everything. */
  discard (): void {
    this.#queue = []
    this.#first = 0
    this.#next = 0
    this.#heldBytes = 0
    this.#disarm()
  }

  #disarm (): void {
    this.#takeBackDeparture?.()
    this.#takeBackDeparture = undefined
    this.#takeBackArrival?.()
    this.#takeBackArrival = undefined
  }

  #enqueue (data: Uint8Array): void {
    const { departures, segmentBytes } = this.#init
    for (let offset = 0; offset < data.byteLength; offset += segmentBytes) {
      this.#queue.push({ data: data.subarray(offset, offset + segmentBytes) })
    }
    this.#heldBytes += data.byteLength
    this.#depart(departures.nowMs())
  }

  /** Sends what there is room for, and asks to be called back when there is more. */
  #depart (nowMs: number): void {
    const { link } = this.#init
    if (this.#next === this.#queue.length) {
      return
    }
    if (this.#held) {
      this.#lostMs ??= nowMs
      return
    }
    if (nowMs < this.#retransmitMs) {
      this.#armDeparture(this.#retransmitMs)
      return
    }
    if (this.#lostMs !== undefined) {
      this.#lostMs = undefined
      link.timeOut()
    }
    for (let chunk = this.#queue[this.#next]; chunk !== undefined; chunk = this.#queue[this.#next]) {
      const bytes = chunk.data?.byteLength ?? 0
      const roomBytes = bytes === 0 ? Infinity : link.roomBytes(nowMs)
      if (roomBytes === 0) {
        this.#armDeparture(link.nextRoomMs())
        return
      }
      if (roomBytes < bytes) {
        this.#queue.splice(this.#next, 1, { data: chunk.data?.subarray(0, roomBytes) }, { data: chunk.data?.subarray(roomBytes) })
      }
      this.#sendNext(nowMs)
    }
  }

  #sendNext (nowMs: number): void {
    const chunk = this.#queue[this.#next++]
    if (chunk !== undefined) {
      chunk.passage = this.#init.link.send(nowMs, chunk.data?.byteLength ?? 0)
    }
  }

  #armDeparture (dueMs: number): void {
    const { departures } = this.#init
    this.#takeBackDeparture ??= departures.at(dueMs, () => {
      this.#takeBackDeparture = undefined
      this.#depart(Math.max(dueMs, departures.nowMs()))
      this.#arm()
    })
  }

  #arm (): void {
    const head = this.#queue[this.#first]?.passage
    if (this.#takeBackArrival === undefined && head !== undefined && !this.#blocked) {
      this.#takeBackArrival = this.#init.arrivals.at(head.arriveMs, (horizonMs) => {
        this.#takeBackArrival = undefined
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
    const { passage, data } = chunk
    if (passage === undefined || passage.arriveMs > horizonMs) {
      return false
    }
    if (downlink !== undefined && chunk.received !== true && data !== undefined) {
      chunk.received = true
      const firstBitMs = passage.arriveMs - (passage.leaveMs - passage.startMs)
      const { endMs } = serialise(downlink, firstBitMs, passage.arriveMs, data.byteLength)
      passage.ackMs += endMs - passage.arriveMs
      passage.arriveMs = endMs
    }
    return passage.arriveMs <= horizonMs
  }

  /** Moves the queue up now and then, so that taking from its front stays cheap. */
  #compact (): void {
    if (this.#first > 1024 || this.#first === this.#queue.length) {
      this.#queue = this.#queue.slice(this.#first)
      this.#next -= this.#first
      this.#first = 0
    }
  }
}
