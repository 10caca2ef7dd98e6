import { createHash, randomBytes } from 'node:crypto'
import { collect } from './collect.ts'
import { DaemonRefusalError } from './errors.ts'
import { endTask, followTask } from './follow.ts'
import { judge, outcomeOf } from './judge.ts'
import { buildKey, multipart, runRequest } from './request.ts'
import { oneLine, openRunLog } from './run-log.ts'
import { gatherSources } from './sources.ts'
import { zip } from './zip.ts'
import type { RunOutcome } from '../outcome.ts'
import type { RunInit } from '../runner.ts'
import type { Daemon, Task } from './daemon.ts'
import type { Observed } from './log.ts'

/** A daemon that was told to end a task has this long until it is given up. */
const endTimeoutMs = 30_000

export interface DaemonRunInit extends RunInit {
  readonly daemon: Daemon
  /** Testground's runner. */
  readonly engine: string
  /** `dist/plan`. */
  readonly planDirectory: string
  /** The images that earlier runs were built to, by what they were built of; added to. */
  readonly built: Map<string, string>
}

/** How a run under the daemon ended. */
interface Ended {
  readonly taskId?: string
  readonly task?: Task | undefined
  readonly cutShort?: string
}

/** Carries out one run under Testground's daemon: hands it over, follows its log, collects what it left and judges that. */
export async function runUnderDaemon (init: DaemonRunInit): Promise<RunOutcome> {
  const { run, folder, progress, faults, daemon, engine } = init
  const observed = new Map<string, Observed>()
  const log = await openRunLog(init, observed)

  try {
    const ended = await handOver(init, log.write)
    // A run that was ended before an instance had started, as one whose image does not build, has left nothing.
    const isEmpty = ended.taskId == null || (ended.cutShort != null && observed.size === 0)
    const notCollected = isEmpty ? undefined : await collect(init, ended.taskId ?? '', ended.cutShort != null)
    const cutShort = ended.cutShort ?? notCollected

    if (faults != null) {
      await folder.writeFaults(run.id, { seed: Number(run.groups[0]?.params.seed ?? 1), ...faults, done: [] })
    }

    const { difference, ...outcome } = await judge({ run, folder, observed, task: ended.task, cutShort })
    const { taskId: id = null, task } = ended
    await folder.writeTask(run.id, {
      id, endpoint: daemon.endpoint, engine, outcome: task == null ? null : outcomeOf(task), groups: task?.result?.outcomes ?? null,
      error: task?.error ?? null, states: task?.states ?? [], difference: difference ?? null
    })

    if (difference != null) {
      progress.say(difference)
    }

    return outcome
  } finally {
    await log.close()
    progress.end()
  }
}

/** Resolves when the daemon has ended the run, or it was cut short. */
async function handOver (init: DaemonRunInit, onLog: (bytes: Buffer) => void): Promise<Ended> {
  const { daemon, progress, timeoutMs } = init
  const patience = AbortSignal.timeout(timeoutMs)
  const signal = AbortSignal.any([init.signal, patience])
  let taskId: string | undefined

  try {
    const keys = await queue(init, signal, (id) => { taskId = id })
    const task = await followTask({ daemon, taskId: taskId ?? '', onLog, signal })
    remember(init, keys, task)
    const { error } = task
    return { taskId, task, ...(error == null || error === '' ? {} : { cutShort: `the daemon ended task ${taskId} with an error: ${oneLine(error)}` }) }
  } catch (err) {
    const cutShort = init.signal.aborted
      ? 'the run was interrupted'
      : patience.aborted
        ? `the run was ended after ${timeoutMs / 1000} s, its time-out; give it more with --timeout`
        : err instanceof DaemonRefusalError || err instanceof RangeError ? err.message : undefined

    if (cutShort == null) {
      throw err
    }

    progress.say(cutShort)

    if (taskId == null) {
      return { cutShort }
    }

    const task = await endTask(daemon, taskId, endTimeoutMs)

    if (task == null) {
      progress.say(`whether task ${taskId} has ended, the daemon did not tell; "testground terminate --runner ${init.engine}" ends what is left`)
    }

    return { taskId, task, cutShort }
  }
}

/** Hands the run over. @returns what each group is built of */
async function queue (init: DaemonRunInit, signal: AbortSignal, onTask: (id: string) => void): Promise<string[]> {
  const { composition, run, manifest, engine, daemon, built, progress, planDirectory, faults } = init
  const spec = manifest.testcases[composition.case]!
  const { entries, params } = await gatherSources({ directory: planDirectory, run, spec, faults })
  const sources = createHash('sha256').update(JSON.stringify([entries.map(({ name }) => name), faults ?? null])).digest('hex')
  const keys = run.groups.map((group) => buildKey(composition, group, sources))
  const artifacts = run.groups.map((group, index) => group.artifact ?? built.get(keys[index] ?? ''))
  const request = runRequest({ composition, run, manifest, engine, params, artifacts })
  const boundary = `peerslab-${randomBytes(12).toString('hex')}`
  const archive = artifacts.every((artifact) => artifact != null) ? undefined : zip(entries)
  const id = await daemon.queue(multipart(request, archive, boundary), boundary, signal)
  onTask(id)
  progress.say(`the daemon at ${daemon.endpoint} runs it with ${engine}, as task ${id}`)
  return keys
}

/** Keeps what was built, so that the next run need not be; and refuses a daemon that did not understand what it was asked. */
function remember ({ built, run, daemon }: DaemonRunInit, keys: readonly string[], { composition }: Task): void {
  const { runs, groups = [] } = (composition ?? {}) as { runs?: unknown[], groups?: Array<{ id?: string, run?: { artifact?: string } }> }

  if (!Array.isArray(runs) || runs.length === 0) {
    throw new DaemonRefusalError(`the daemon at ${daemon.endpoint} knows no runs of a composition, so it is older than Testground v0.6.0; use that version`)
  }

  run.groups.forEach(({ id }, index) => {
    const artifact = groups.find((group) => group.id === id)?.run?.artifact

    if (artifact != null && artifact !== '') {
      built.set(keys[index] ?? '', artifact)
    }
  })
}
