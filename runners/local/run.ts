import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findCase, phaseState } from '../../plans/index.ts'
import { describe, isBad, judgeRun } from '../outcome.ts'
import { startSyncService, syncKeys } from '../sync/index.ts'
import { followFaults } from './faults.ts'
import { openSeat } from './seat.ts'
import type { Timeline } from '../../plans/index.ts'
import type { Composition, RunSpec } from '../composition/index.ts'
import type { InstanceResult, RunEnd, RunOutcome } from '../outcome.ts'
import type { FaultDone } from '../faults.ts'
import type { Progress } from '../progress.ts'
import type { RunFolder } from '../run-folder.ts'
import type { Program } from './program.ts'
import type { SyncService } from '../sync/index.ts'
import type { LocalSeat } from './seat.ts'

const progressIntervalMs = 250
/** When one instance ended badly, the others may have this long to end by themselves. */
const graceMs = 1_000
/** After SIGTERM an instance has this long until SIGKILL. Grace and this stay below five seconds. */
const terminateMs = 2_500
/** From so many on, instances keep equal blocks once, on disk: fifty times the corpus of the paper is more than most memories. */
const poolInstancesMin = 16
/** So many of the last lines of an instance that ended badly are shown; the outcome has more. */
const shownLines = 5

export interface LocalRunInit {
  readonly composition: Composition
  readonly run: RunSpec
  readonly folder: RunFolder
  /** What goes wrong, where something is to. */
  readonly faults?: Timeline
  /** What each group is started with, by its id. */
  readonly programs: ReadonlyMap<string, Program>
  readonly progress: Progress
  readonly timeoutMs: number
  /** Aborted when the user interrupts. */
  readonly signal: AbortSignal
}

/** Carries out one run: one process for each instance, on this machine, with a sync service of its own. */
export async function runLocally (init: LocalRunInit): Promise<RunOutcome> {
  const scratch = await mkdtemp(join(tmpdir(), 'peerslab-'))
  const sync = await startSyncService({ onWarning: (sentence) => { init.progress.say(sentence) } })
  const instances: LocalSeat[] = []

  try {
    const faultsFile = await writeFaults(init, [])
    instances.push(...startAll(init, sync, scratch, faultsFile))
    const faults = followFaults(init, sync, instances)
    const stopShowing = showProgress(init, sync)
    const end = await untilAllEnded(init, instances, faults.stop)
    stopShowing()
    await writeFaults(init, faults.done)
    return judgeRun(init.run.id, await Promise.all(instances.map(({ ended }) => ended)), end)
  } finally {
    await endAll(instances)
    await sync.close()
    await rm(scratch, { recursive: true, force: true })
    init.progress.end()
  }
}

/** @returns the file, where anything goes wrong in the run */
async function writeFaults ({ run, folder, faults }: LocalRunInit, done: readonly FaultDone[]): Promise<string | undefined> {
  return faults == null ? undefined : folder.writeFaults(run.id, { seed: Number(run.groups[0]?.params.seed ?? 1), ...faults, done })
}

function startAll (
  { composition, run, folder, programs }: LocalRunInit, sync: SyncService, scratch: string, faultsFile: string | undefined
): LocalSeat[] {
  let number = 0

  return run.groups.flatMap((group) => Array.from({ length: group.count }, (_, index) => {
    const place = String(number++)
    const outputs = folder.instanceDirectory(run.id, group.id, index)
    const workingDirectory = join(scratch, group.id, String(index))
    return openSeat((life) => ({
      group: group.id,
      index,
      program: programs.get(group.id)!,
      outputs,
      workingDirectory,
      env: {
        TEST_PLAN: composition.plan,
        TEST_CASE: composition.case,
        TEST_RUN: run.id,
        TEST_GROUP_ID: group.id,
        TEST_GROUP_INSTANCE_COUNT: String(group.count),
        TEST_INSTANCE_COUNT: String(run.totalInstances),
        TEST_INSTANCE_ROLE: '',
        TEST_INSTANCE_PARAMS: Object.entries(group.params).map(([name, value]) => `${name}=${value}`).join('|'),
        TEST_SIDECAR: 'false',
        TEST_SUBNET: '127.1.0.0/16',
        TEST_OUTPUTS_PATH: outputs,
        TEST_TEMP_PATH: workingDirectory,
        TEST_START_TIME: new Date().toISOString(),
        TEST_DISABLE_METRICS: String(composition.disableMetrics),
        SYNC_SERVICE_HOST: sync.host,
        SYNC_SERVICE_PORT: String(sync.port),
        PEERSLAB_INSTANCE: place,
        PEERSLAB_LIFE: String(life),
        ...(run.totalInstances < poolInstancesMin ? {} : { PEERSLAB_POOL: join(scratch, 'pool') }),
        ...(faultsFile == null ? {} : { PEERSLAB_FAULTS: faultsFile })
      }
    }))
  }))
}

function showProgress ({ composition, run, progress, faults }: LocalRunInit, sync: SyncService): () => void {
  const phases = composition.planDirectory == null ? findCase(composition.case)?.phases(run.groups, faults) ?? [] : []
  const key = (name: string): string => syncKeys.state(run.id, composition.plan, composition.case, phaseState(name))
  const show = (): void => { progress.update(new Map(phases.map((phase) => [phase, sync.count(key(phase.name))]))) }
  const timer = setInterval(show, progressIntervalMs)
  return () => {
    clearInterval(timer)
    show()
  }
}

/**
 * Waits for the end of all instances, and ends them when one of them ended badly, when the time is over or
 * when the user interrupts.
 */
async function untilAllEnded (
  { timeoutMs, signal, progress }: LocalRunInit, instances: readonly LocalSeat[], stopFaults: () => void
): Promise<RunEnd> {
  const all = Promise.all(instances.map(({ ended }) => ended))
  const { promise: bad, resolve: foundBad } = Promise.withResolvers<void>()
  let firstBad: InstanceResult | undefined

  for (const { ended } of instances) {
    void ended.then((result) => {
      if (isBad(result) && firstBad == null) {
        firstBad = result
        progress.say(describe(result))
        result.lastLines.slice(-shownLines).forEach((line) => { progress.say(`  ${line}`) })
        foundBad()
      }
    })
  }

  const timeOut = alarm(timeoutMs)
  const cutShort = await Promise.race([
    all.then(() => undefined),
    bad.then(() => undefined),
    timeOut.rang.then(() => `the run was ended after ${timeoutMs / 1000} s, its time-out; give it more with --timeout`),
    interrupted(signal)
  ])
  timeOut.clear()
  stopFaults()

  if (cutShort != null) {
    progress.say(cutShort)
  } else {
    const grace = alarm(graceMs)
    await Promise.race([all, grace.rang])
    grace.clear()
  }

  await endAll(instances)
  return { firstBad, cutShort }
}

async function interrupted (signal: AbortSignal): Promise<string> {
  if (!signal.aborted) {
    await new Promise((resolve) => { signal.addEventListener('abort', resolve, { once: true }) })
  }

  return 'the run was interrupted'
}

/** Ends what still runs: politely first, then without asking. Resolves when no process is left. */
async function endAll (instances: readonly LocalSeat[]): Promise<void> {
  const running = instances.filter((instance) => instance.running)
  running.forEach((instance) => { instance.kill('SIGTERM') })
  const all = Promise.all(running.map(({ ended }) => ended))
  const patience = alarm(terminateMs)
  await Promise.race([all, patience.rang])
  patience.clear()
  running.filter((instance) => instance.running).forEach((instance) => { instance.kill('SIGKILL') })
  await all
}

/** Rings after so many milliseconds; once it is cleared it never does, and keeps nothing waiting. */
function alarm (ms: number): { rang: Promise<void>, clear: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  return { rang: promise, clear: () => { clearTimeout(timer) } }
}
