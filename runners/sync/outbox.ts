import type { WebSocket } from 'ws'

/** Something that has messages to send as long as the client reads them. */
export interface Source {
  /** The next frame, or undefined when there is none for now. */
  next (): string | undefined
}

/** The sending half of a connection, with back-pressure. */
export interface Outbox {
  /** Sends a reply. */
  send (frame: string): void
  /** Sends what a source has, as far as the client keeps up; the rest follows when it has read. */
  pump (source: Source): void
  forget (source: Source): void
}

/**
 * Keeps what waits to be sent on a socket bounded. Messages of sources are only taken while fewer than
 * `bufferedBytesMax` bytes wait, so a client that stalls holds a position in a log and not a queue. Replies cannot be
 * held back like that; at twice the bound the client's requests, which cause them, are no longer read.
 */
export function createOutbox (socket: WebSocket, bufferedBytesMax: number): Outbox {
  const waiting = new Set<Source>()

  const isFull = (): boolean => socket.bufferedAmount >= bufferedBytesMax

  function transmit (frame: string): void {
    if (socket.readyState !== socket.OPEN) return
    socket.send(frame, written)
    if (socket.bufferedAmount >= 2 * bufferedBytesMax) socket.pause()
  }

  function written (error?: Error | null): void {
    if (error || isFull()) return
    if (socket.isPaused) socket.resume()
    // Each source is moved to the end when it fills the socket, so that they take turns.
    for (const source of [...waiting]) {
      if (isFull()) return
      waiting.delete(source)
      pump(source)
    }
  }

  function pump (source: Source): void {
    if (waiting.has(source)) return
    while (socket.readyState === socket.OPEN) {
      if (isFull()) {
        waiting.add(source)
        return
      }
      const frame = source.next()
      if (frame === undefined) return
      transmit(frame)
    }
  }

  return { send: transmit, pump, forget: (source) => { waiting.delete(source) } }
}
