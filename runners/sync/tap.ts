import type { SyncState } from './state.ts'

/**
 * Reads a topic from its first message on and hands each to `deliver` as it comes, in order even when `deliver`
 * itself publishes to the topic. Returns the function that ends it.
 */
export function createTap (state: SyncState, topic: string, deliver: (encoded: string, seq: number) => void): () => void {
  let stopped = false
  let delivering = false

  function drain (): void {
    if (delivering) return
    delivering = true
    try {
      for (let message = reader.next(); message !== undefined && !stopped; message = reader.next()) {
        deliver(message.encoded, message.seq)
      }
    } finally {
      delivering = false
    }
  }

  const reader = state.read(topic, drain)
  drain()
  return () => {
    stopped = true
    reader.stop()
  }
}
