import { describe, expect, it } from 'vitest'
import { within } from '../../plans/index.ts'
import { Actor, currentActor, runAs } from './clock/actor.ts'
import { Scheduler } from './clock/scheduler.ts'
import { conduct } from './conduct.ts'
import type { InstanceResult } from '../outcome.ts'
import type { ConductInit } from './conduct.ts'
import type { World } from './world.ts'

const result = (index: number, fields: Partial<InstanceResult> = {}): InstanceResult =>
  ({ group: 'peers', index, outcome: 'success', exitCode: 0, signal: null, stopped: false, lastLines: [], ...fields })

/** A world without a clock of its own for the rest of the process, and instances that do what they are told in it. */
function stage (plays: ReadonlyArray<(end: (result?: Partial<InstanceResult>) => void, scheduler: Scheduler) => void>) {
  const harness = new Actor('harness', '1')
  const scheduler = new Scheduler({ harness, setImmediate })
  const world = { scheduler, harness, currentActor, runAs } as unknown as World
  const stopped: number[] = []
  const instances = plays.map((play, index): ConductInit['instances'][number] => {
    const ended = Promise.withResolvers<InstanceResult>()
    const actor = new Actor(`peers/${index}`, '1')
    const end = (fields?: Partial<InstanceResult>): void => { ended.resolve(result(index, fields)) }
    scheduler.at(1, () => { play(end, scheduler) }, actor)
    return {
      ended: ended.promise,
      stop: () => { stopped.push(scheduler.nowMs) },
      abandon: () => { end({ outcome: 'missing', stopped: true }) }
    }
  })
  const said: string[] = []
  const conducted = conduct({ world, instances, timeoutMs: 60_000, say: (sentence) => { said.push(sentence) } })
  return { stopped, said, scheduler, conducted }
}

/** An event after the other, for as long as it is let. */
function beat (scheduler: Scheduler, intervalMs: number): void {
  scheduler.at(scheduler.nowMs + intervalMs, () => { beat(scheduler, intervalMs) })
}

describe('a simulation ends', () => {
  it('when all instances have, without anything being cut short', async () => {
    const later = (end: () => void, scheduler: Scheduler): void => {
      scheduler.at(5, () => { end() })
      beat(scheduler, 1_000)
    }
    const { conducted, stopped } = stage([(end) => { end() }, later])
    expect(await conducted).toEqual({ results: [result(0), result(1)], end: { firstBad: undefined, cutShort: undefined } })
    expect(stopped).toEqual([])
  })

  it('a second after one ended badly, and says so', async () => {
    const { conducted, stopped, said } = stage([(_, scheduler) => { beat(scheduler, 100) }, (end) => { end({ outcome: 'failure', exitCode: 1, error: 'no' }) }])
    const { end, results } = await conducted
    expect(end.firstBad).toMatchObject({ index: 1, outcome: 'failure' })
    expect(results[0]).toMatchObject({ outcome: 'missing', stopped: true })
    expect(said).toEqual(['instance peers/1 failed (exit code 1): no'])
    expect(stopped).toEqual([1_001, 1_001])
  })

  it('where nothing can happen any more, with what each instance waits for', async () => {
    const never = new Promise<never>(() => {})
    const wait = async (): Promise<void> => {
      // No timer, as it would be an event that is left.
      const { setTimeout: timer } = globalThis
      globalThis.setTimeout = (() => undefined) as unknown as typeof timer

      try {
        const waiting = within(never, 1, 'the others to come')
        void waiting.catch(() => {})
      } finally {
        globalThis.setTimeout = timer
      }
    }
    const { conducted } = stage([(end) => { end() }, () => { void wait() }])
    const { end } = await conducted
    expect(end.cutShort).toBe('nothing is left to happen at 0.001 s of virtual time; peers/1 waits for the others to come')
  })

  it('at the end of its virtual time, with what each instance waits for', async () => {
    const { conducted, scheduler } = stage([(_, timed) => { beat(timed, 1_000) }])
    const { end } = await conducted
    expect(end.cutShort).toBe('the run was ended after 60 s of virtual time, its time-out; no instance says what it waits for')
    // The last heartbeat within it, and the time that the instance is given to stop.
    expect(scheduler.nowMs).toBe(61_001)
  })
})
