import { StreamState, YamuxStream } from '@libp2p/yamux/stream'
import type { Stream } from '@libp2p/interface'

/** How much a peer may have sent without being told that there is room for as much again, in bytes; an eighth of the least window. */
const untoldBytesMax = 32 * 1024

/** What libp2p's types keep private. */
interface Windows {
  readonly recvWindow: number
  readonly recvWindowCapacity: number
}

/**
 * Lets small messages go without an answer. libp2p's yamux tells the sender of room after each frame, which costs both of them about
 * as much as the message; those in Go and Rust wait until half of the window is used up. Frames that are full are told of at once,
 * as before, so that a long transfer is not held up.
 */
export function spareWindowUpdates (stream: Stream): void {
  if (!(stream instanceof YamuxStream)) {
    return
  }

  const windows = stream as unknown as Windows
  const sendWindowUpdate = stream.sendWindowUpdate.bind(stream)
  stream.sendWindowUpdate = () => {
    // The first one also says that the stream is accepted.
    const isFirst = stream.state === StreamState.Init || stream.state === StreamState.SYNReceived

    if (isFirst || windows.recvWindow - windows.recvWindowCapacity >= untoldBytesMax) {
      sendWindowUpdate()
    }
  }
}
