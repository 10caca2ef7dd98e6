/**
 * The program of one simulation: all instances of a run in this process, on a clock that jumps from event to event.
 * It is started with its clock: `node --import preload.js simulation.js <job file>`.
 */
import { writeSync } from 'node:fs'
import { createSimulatedNetwork } from '../../network/simulated.ts'
import { findCase, networkOf, phaseState } from '../../plans/index.ts'
import { conduct } from './conduct.ts'
import { followFaults } from './faults.ts'
import { readJob } from './job.ts'
import { writeMessages } from './messages.ts'
import { openSeat } from './seat.ts'
import { followContribution } from './sequence.ts'
import { createSyncTwin } from './sync-twin.ts'
import { createTrace } from './trace.ts'
import { findWorld } from './world.ts'
import type { InstancePlace } from './instance.ts'
import type { SimulatedSeat } from './seat.ts'
import type { SimulationJob, SimulationMessage } from './job.ts'
import type { SyncTwin } from './sync-twin.ts'
import type { World } from './world.ts'

const progressIntervalMs = 250
/** Instances begin within this time of each other, so that not all have their heartbeats at the same moment. */
const startSpreadMs = 1_000
const standardOutput = 1

async function simulate (job: SimulationJob): Promise<void> {
  const world = findWorld()
  const startedMs = world.realNowMs()
  const startedCpuMs = cpuMs()
  const places = placesOf(job)
  const instances: SimulatedSeat[] = []
  const actorOf = (instance: string): SimulatedSeat['actor'] => instances[Number(instance)]?.actor ?? world.harness
  const nameOf = (instance: string): string => actorOf(instance).name
  const nowMs = (): number => world.scheduler.nowMs
  const trace = createTrace(job.traceFile, nameOf)
  const closeMessages = job.messagesFile == null ? undefined : writeMessages(job.messagesFile, { nowMs, nameOf })
  const current = (): string => (world.currentActor() ?? world.harness).name
  const sequence = job.sequence == null ? undefined : followContribution({ ...job.sequence, nowMs, nameOf, current })
  const profile = await world.scheduler.settle(networkOf(job.case, job.run.groups[0]?.params))
  const network = createSimulatedNetwork({
    stage: { nowMs, at: (dueMs, instance, run) => world.scheduler.atPlace(dueMs, run, actorOf(instance)) },
    profile,
    level: job.level,
    seed: job.seed,
    observe: (event) => { world.scheduler.free(() => { trace.observe(event) }) }
  })
  const sync = createSyncTwin()
  instances.push(...places.map((place) => openSeat({ world, network, sync, job, place },
    startSpreadMs * world.harness.uint32('start') / 2 ** 32)))
  const done = followFaults({ world, job, network, profile, sync, seats: instances })
  failLoudly(world, instances)
  world.onProgress = progressOf(job, sync, () => world.realNowMs(), nowMs)
  world.close()
  let endAudit: ReturnType<World['startAudit']> | undefined

  if (job.audit === true) {
    // What the harness itself opens, such as the listener for signals, is there by then.
    world.scheduler.at(0, () => { endAudit = world.startAudit() }, world.harness)
  }

  const { results, end } = await conduct({
    world, instances, timeoutMs: job.virtualTimeoutMs, say: (sentence) => { tell({ type: 'say', sentence }) }
  })
  const ungoverned = endAudit?.()
  closeMessages?.()
  const unknown = sequence?.close()

  if (unknown != null) {
    tell({ type: 'say', sentence: unknown })
  }

  tell({
    type: 'end',
    results,
    end,
    done,
    ungoverned,
    summary: {
      events: world.scheduler.events,
      virtualMs: world.scheduler.nowMs,
      networkEvents: trace.events,
      traceSha256: trace.close(),
      followed: sequence?.followed,
      chargedMs: world.scheduler.chargedMs,
      wallMs: world.realNowMs() - startedMs,
      cpuMs: cpuMs() - startedCpuMs,
      rssBytes: process.memoryUsage.rss()
    }
  })
}

function placesOf ({ run, outputs }: SimulationJob): InstancePlace[] {
  return run.groups
    .flatMap(({ id: group, count, params }) => Array.from({ length: count }, (_, index) => ({ group, index, params })))
    .map((place, number) => ({ ...place, number, outputs: outputs[place.group]?.[place.index] ?? '' }))
}

/** An error that no case caught ends the instance on whose behalf it was thrown; one of the harness ends the process. */
function failLoudly (world: World, instances: readonly SimulatedSeat[]): void {
  const crash = (reason: unknown): void => {
    const actor = world.currentActor()
    const instance = instances.find((each) => each.actor === actor)

    // Who was killed cannot fail any more.
    if (actor?.isOver === true) {
      return
    }

    if (instance == null) {
      process.stderr.write(`${reason instanceof Error ? reason.stack ?? reason.message : String(reason)}\n`)
      process.exit(1)
    }

    instance.fail(reason)
  }

  process.on('uncaughtException', crash)
  process.on('unhandledRejection', crash)
}

function progressOf (job: SimulationJob, sync: SyncTwin, realNowMs: () => number, virtualNowMs: () => number): () => void {
  const phases = findCase(job.case)?.phases(job.run.groups, job.faults?.timeline) ?? []
  let toldMs = 0

  return () => {
    if (realNowMs() - toldMs >= progressIntervalMs) {
      toldMs = realNowMs()
      const counts = Object.fromEntries(phases.map(({ name }) => [name, sync.count(phaseState(name))]))
      tell({ type: 'progress', counts, virtualMs: virtualNowMs() })
    }
  }
}

/** What the processor has done for this process so far, in milliseconds. */
function cpuMs (): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

function tell (message: SimulationMessage): void {
  writeSync(standardOutput, `${JSON.stringify(message)}\n`)
}

await simulate(readJob())
process.exit(0)
