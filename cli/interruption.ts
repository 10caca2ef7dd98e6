import type { Surroundings } from './surroundings.ts'

/** Does something that ends early, in order, when the user interrupts. */
export async function interruptibly<T> (surroundings: Surroundings, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const interrupt = new AbortController()
  const onSignal = (): void => { interrupt.abort() }
  surroundings.on('SIGINT', onSignal)
  surroundings.on('SIGTERM', onSignal)

  try {
    return await work(interrupt.signal)
  } finally {
    surroundings.off('SIGINT', onSignal)
    surroundings.off('SIGTERM', onSignal)
  }
}
