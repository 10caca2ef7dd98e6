import { Uint8ArrayList } from 'uint8arraylist'
import { ChunkQueue } from './chunk-queue.ts'
import { serialise } from './link.ts'
import { retransmissionAt } from './retransmission.ts'
import type { Chunk } from './chunk-queue.ts'
import type { DelayLine } from './delay-line.ts'
import type { Link, Serialiser } from './link.ts'

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

/** The sending side of one connection: bytes go in now and come out in order when the link has carried them. */
export class Egress {
  readonly #init: EgressInit
  readonly #queue = new ChunkQueue()
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
    let acceptedBytes = 0
    // What has arrived already, as where this is called late, makes room again; nobody would tell of that later.
    for (let bytes = this.#roomFor(data.byteLength); bytes > 0; bytes = this.#roomFor(data.byteLength - acceptedBytes)) {
      this.#take(data.slice(acceptedBytes, acceptedBytes + bytes))
      acceptedBytes += bytes
    }
    const hasRoom = acceptedBytes === data.byteLength && this.#roomFor(1) > 0
    this.#wantsDrain = !hasRoom
    return { acceptedBytes, hasRoom }
  }

  #roomFor (bytes: number): number {
    return this.#blocked ? 0 : Math.max(0, Math.min(bytes, this.#init.sendBufferBytes - this.#heldBytes))
  }

  /** @param data - a copy, because it is held while the owner of the bytes may use their memory again */
  #take (data: Uint8Array): void {
    this.#enqueue(data)
    const horizonMs = this.#init.arrivals.horizonMs()
    if ((this.#queue.head?.passage?.arriveMs ?? Infinity) <= horizonMs) {
      this.#pump(horizonMs)
    } else {
      this.#arm()
    }
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
    this.#disarm()
    const underWay = this.#queue.truncate(nowMs)
    this.#heldBytes = underWay.bytes
    this.#queue.push({ arrived })
    if (!this.#held && nowMs >= this.#retransmitMs) {
      const arriveMs = Math.max(nowMs + link.latencyMs(), link.arriveMsMin, underWay.arriveMs)
      this.#queue.depart({ startMs: nowMs, leaveMs: nowMs, arriveMs, ackMs: arriveMs })
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
    const leftMs = this.#queue.recall(nowMs)
    this.#lostMs ??= leftMs < Infinity ? leftMs : undefined
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
    this.#queue.clear()
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
    if (this.#queue.waiting === undefined) {
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
    for (let chunk = this.#queue.waiting; chunk !== undefined; chunk = this.#queue.waiting) {
      const bytes = chunk.data?.byteLength ?? 0
      const roomBytes = bytes === 0 ? Infinity : link.roomBytes(nowMs)
      if (roomBytes === 0) {
        this.#armDeparture(link.nextRoomMs())
        return
      }
      if (roomBytes < bytes) {
        this.#queue.split(roomBytes)
      }
      this.#queue.depart(link.send(nowMs, Math.min(bytes, roomBytes)))
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
    const head = this.#queue.head?.passage
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
      let chunk = this.#queue.head;
      chunk !== undefined && !this.#blocked && this.#hasArrived(chunk, horizonMs);
      chunk = this.#queue.head
    ) {
      this.#queue.shift()
      if (chunk.data !== undefined) {
        due.append(chunk.data)
      }
      if (chunk.arrived !== undefined) {
        arrivals.push(chunk.arrived)
      }
    }
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
}
