import type { Passage } from './link.ts'

export interface Chunk {
  /** None while it waits to be sent. */
  passage?: Passage
  data?: Uint8Array
  /** It has its place in the downlink. */
  received?: boolean
  arrived?: () => void
}

/** What one connection has been given to send, in order: in front what is under way, behind it what waits. */
export class ChunkQueue {
  #chunks: Chunk[] = []
  /** What stands before the first index is gone, and what stands from the second on waits. */
  #first = 0
  #next = 0

  /** The first of what is under way, or else of what waits. */
  get head (): Chunk | undefined {
    return this.#chunks[this.#first]
  }

  /** The first of what waits. */
  get waiting (): Chunk | undefined {
    return this.#chunks[this.#next]
  }

  push (chunk: Chunk): void {
    this.#chunks.push(chunk)
  }

  /** Leaves so many bytes in the first that waits, and the rest behind it. */
  split (bytes: number): void {
    const data = this.waiting?.data
    this.#chunks.splice(this.#next, 1, { data: data?.subarray(0, bytes) }, { data: data?.subarray(bytes) })
  }

  /** The first that waits is under way from now on. */
  depart (passage: Passage): void {
    this.#chunks[this.#next] = { ...this.waiting, passage }
    this.#next++
  }

  /** Takes off the head, which is under way. */
  shift (): void {
    this.#first++
    // Moved up only now and then, so that taking from the front stays cheap.
    if (this.#first > 1024 || this.#first === this.#chunks.length) {
      this.#chunks = this.#chunks.slice(this.#first)
      this.#next -= this.#first
      this.#first = 0
    }
  }

  /** Makes what has not arrived by now wait again; returns when the first of it had left, or Infinity. */
  recall (nowMs: number): number {
    let leftMs = Infinity
    for (; this.#next > this.#first; this.#next--) {
      const { passage, data, arrived } = this.#chunks[this.#next - 1] ?? {}
      if (passage === undefined || passage.arriveMs <= nowMs) {
        break
      }
      this.#chunks[this.#next - 1] = { data, arrived }
      leftMs = passage.leaveMs
    }
    return leftMs
  }

  /** Forgets what has not left by now; returns the bytes that remain, and when the last of them arrives. */
  truncate (nowMs: number): { bytes: number, arriveMs: number } {
    this.#chunks = this.#chunks.slice(this.#first, this.#next).filter(({ passage }) => (passage?.leaveMs ?? Infinity) <= nowMs)
    this.#first = 0
    this.#next = this.#chunks.length
    return {
      bytes: this.#chunks.reduce((sum, { data }) => sum + (data?.byteLength ?? 0), 0),
      arriveMs: this.#chunks.at(-1)?.passage?.arriveMs ?? nowMs
    }
  }

  clear (): void {
    this.#chunks = []
    this.#first = 0
    this.#next = 0
  }
}
