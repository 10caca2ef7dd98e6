import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createFileRecorder, findCase, StoppedError } from '../../plans/index.ts'
import { instanceOutcome } from '../outcome.ts'
import { createContext } from './context.ts'
import type { InstanceEnd, InstanceResult } from '../outcome.ts'
import type { SimulatedNetwork } from '../../network/simulated.ts'
import type { SimulationJob } from './job.ts'
import type { SyncTwin } from './sync-twin.ts'
import type { Actor, World } from './world.ts'

const keptLines = 20

/** Where instances stand, as actors and in the network: their number in the run. */
export interface InstancePlace {
  readonly group: string
  /** Within the group. */
  readonly index: number
  /** In the run. */
  readonly number: number
  readonly params: Readonly<Record<string, string>>
  readonly outputs: string
}

export interface InstanceInit {
  readonly world: World
  readonly network: SimulatedNetwork
  readonly sync: SyncTwin
  readonly job: SimulationJob
  readonly place: InstancePlace
  /** Which life of the instance it is, from 0. */
  readonly life: number
}

/** One life of an instance of the plan in a simulation. */
export interface SimulatedInstance {
  readonly place: InstancePlace
  readonly actor: Actor
  /** Resolves, never rejects, when its case has ended. */
  readonly ended: Promise<InstanceResult>
  /** Tells the case to stop. */
  stop (): void
  /** Ends it although its case has not, as an uncaught error does to a process. */
  crash (reason: unknown): void
  /** Ends it without a result, because the simulation is over. */
  abandon (): void
  /** Ends it as a signal that kills its process does: without a last word, and without a result. */
  kill (): void
}

/** Starts one life of an instance; its first event comes at `startMs`. */
export function startInstance ({ world, network, sync, job, place, life }: InstanceInit, startMs: number): SimulatedInstance {
  const { group, index, number } = place
  const actor = world.createActor(`${group}/${index}`, life)
  const stopping = new AbortController()
  const outputs = openOutputs(job, place, life)
  const ended = Promise.withResolvers<InstanceResult>()
  let stopped = false
  let over = false

  const end = (event: NonNullable<InstanceEnd['event']> | undefined, exitCode: number | null): void => {
    if (!over) {
      over = true
      outputs.close(event)
      const outcome = instanceOutcome({ exitCode, signal: null, event, stopped })
      ended.resolve({
        group, index, outcome, exitCode, signal: null, error: event?.error, stopped,
        lastLines: outcome === 'success' ? [] : outputs.lastLines
      })
    }
  }

  world.scheduler.at(startMs, () => {
    const context = createContext({
      world, network, sync, actor, record: outputs.recorder,
      group, instances: job.run.totalInstances, number, params: place.params, seed: job.seed,
      temporaryDirectory: join(job.scratch, String(number), String(life)), storageDirectory: join(job.scratch, String(number), 'storage'),
      life, faults: job.faults?.timeline, signal: stopping.signal
    })
    Promise.resolve(findCase(job.case)?.run(context)).then(
      () => { end({ kind: 'success' }, 0) },
      (reason: unknown) => { end({ kind: 'failure', error: String(reason) }, 1) })
  }, actor)

  return {
    place,
    actor,
    ended: ended.promise,
    stop: () => {
      stopped = true
      stopping.abort(new StoppedError('the instance was told to stop'))
    },
    crash: (reason) => {
      const err = reason instanceof Error ? reason : new Error(String(reason))
      outputs.error(`crash: ${err.stack ?? err.message}`)
      end({ kind: 'crash', error: String(err) }, 1)
    },
    abandon: () => {
      stopped = true
      end(undefined, null)
    },
    kill: () => {
      over = true
      actor.end()
    }
  }
}

/** Writes what an instance says into its folder, in the form in which Testground's SDK does. */
function openOutputs ({ plan, case: testCase, run }: SimulationJob, { group, outputs, params }: InstancePlace, life: number) {
  mkdirSync(outputs, { recursive: true })
  const file = join(outputs, 'run.out')
  const errors = join(outputs, 'run.err')

  if (life === 0) {
    writeFileSync(file, '')
    writeFileSync(errors, '')
  }

  const lastLines: string[] = []
  const keep = (line: string): void => { lastLines.splice(0, Math.max(0, lastLines.push(line) - keptLines)) }
  const say = (event: Readonly<Record<string, unknown>>): void => {
    const ts = `${Date.now()}000000`
    appendFileSync(file, `${JSON.stringify({ event, group_id: group, level: 'info', message: '', run_id: run.id }).slice(0, -1)},"ts":${ts}}\n`)
  }
  const error = (text: string): void => {
    appendFileSync(errors, `${text}\n`)
    text.split('\n').forEach(keep)
  }
  const recorder = createFileRecorder(outputs, {
    message: (text) => { say({ message_event: { message: text } }) },
    warning: error
  })
  say({ start_event: { runenv: { plan, case: testCase, run: run.id, group, instances: run.totalInstances, params } } })

  return {
    recorder,
    error,
    lastLines,
    close: (event: InstanceEnd['event']): void => {
      recorder.flush()

      if (event != null) {
        say({ [`${event.kind}_event`]: { group, ...(event.error == null ? {} : { error: event.error }) } })
      }
    }
  }
}
