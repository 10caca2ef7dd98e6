import type { InstanceContext } from '../context.ts'

/** Where the last of those that are there from the start tells when all were connected; runners listen, too. */
export const startMarkTopic = 'start-mark'

export interface StartMark {
  /** On the run's clock. */
  readonly startMs: number
}

/** Sets the mark from which the times of a timeline count: now. */
export async function setStartMark (context: InstanceContext): Promise<void> {
  await context.sync.publish(startMarkTopic, { startMs: context.clock.nowMs() } satisfies StartMark)
}

/** The mark, once it is set; in milliseconds on the run's clock. */
export async function startMark (context: InstanceContext, timeoutMs: number): Promise<number> {
  const [mark] = await context.sync.collect<StartMark>(startMarkTopic, 1, timeoutMs)
  return mark?.startMs ?? NaN
}
