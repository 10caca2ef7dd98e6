import { createSyncState } from '../sync/state.ts'
import { syncLimits } from '../sync/limits.ts'
import { encodePayload, within } from '../../plans/index.ts'
import type { SyncContext } from '../../plans/index.ts'

/** The sync service of a simulation: the states and topics of the real one, without sockets. */
export interface SyncTwin {
  /** @param deliver - runs something as an event of the instance whose context it is */
  contextOf (deliver: (run: () => void) => void, signal: AbortSignal): SyncContext
  /** How often a state was signalled. */
  count (state: string): number
  /** Calls back with every payload of a topic, as an event of whoever publishes it. */
  subscribe (topic: string, listener: (payload: unknown) => void): () => void
}

export function createSyncTwin (): SyncTwin {
  const states = createSyncState(syncLimits.retainedBytesMax)

  function follow (topic: string, listener: (payload: unknown) => void, deliver: (run: () => void) => void): () => void {
    const reader = states.read(topic, () => { deliver(read) })

    function read (): void {
      for (let next = reader.next(); next != null; next = reader.next()) {
        listener(JSON.parse(next.encoded))
      }
    }

    deliver(read)
    return () => { reader.stop() }
  }

  return {
    count: (state) => states.count(state),
    subscribe: (topic, listener) => follow(topic, listener, (run) => { run() }),
    contextOf: (deliver, signal) => {
      /** An answer comes as an event of its own, as from a service. */
      const answer = <T> (work: () => T): Promise<T> => new Promise((resolve, reject) => {
        signal.throwIfAborted()
        deliver(() => {
          try {
            resolve(work())
          } catch (err) {
            reject(err as Error)
          }
        })
      })

      return {
        signal: (state) => answer(() => states.signal(state)),
        barrier: async (state, target, timeoutMs) => {
          const reached = Promise.withResolvers<void>()
          const stop = states.barrier(state, target, () => { deliver(reached.resolve) })
          await within(reached.promise, timeoutMs, `${target} instances to reach state ${state}`, signal).finally(stop)
        },
        publish: async (topic, payload) => {
          const encoded = encodePayload(topic, payload)
          await answer(() => states.publish(topic, encoded))
        },
        collect: async <T> (topic: string, count: number, timeoutMs: number) => {
          const payloads: T[] = []
          const enough = Promise.withResolvers<void>()
          const reader = states.read(topic, () => { deliver(read) })

          function read (): void {
            for (let next = reader.next(); next != null && payloads.length < count; next = reader.next()) {
              payloads.push(JSON.parse(next.encoded) as T)
            }

            if (payloads.length >= count) {
              enough.resolve()
            }
          }

          deliver(read)
          await within(enough.promise, timeoutMs, `${count} payloads on topic ${topic}`, signal).finally(() => { reader.stop() })
          return payloads
        },
        follow: (topic, onPayload) => answer(() => follow(topic, onPayload as (payload: unknown) => void, deliver))
      }
    }
  }
}
