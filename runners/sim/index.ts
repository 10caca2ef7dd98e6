import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { requiredLevel, requireLevel } from '../../network/level.ts'
import { findCase, networkOf, placeInstances } from '../../plans/index.ts'
import { HarnessError, RunRequestError } from '../errors.ts'
import { judgeRun } from '../outcome.ts'
import { refuseDaemonOptions, refuseShaping } from '../refusals.ts'
import { runProcess } from './process.ts'
import type { Level } from '../../network/level.ts'
import type { Profile } from '../../network/profile.ts'
import type { Timeline } from '../../plans/index.ts'
import type { RunOutcome } from '../outcome.ts'
import type { RunInit, Runner, SimulationOptions } from '../runner.ts'
import type { SimulationJob, SimulationMessage } from './job.ts'
import type { Programs } from './process.ts'

const mebibyte = 2 ** 20
const virtualTimeoutMsDefault = 24 * 60 * 60 * 1000
/** The part of the machine's memory that the heap of a simulation may take. */
const heapShareMax = 0.75
/** Where the build puts the programs, seen from the source as from the build. */
const candidates = ['../../sim/', '../../dist/sim/'].map((path) => fileURLToPath(new URL(path, import.meta.url)))

/** All instances in one process, on a virtual clock, in a simulated network. */
export const simRunner: Runner = {
  name: 'sim',
  prepare: async ({ simulation: options, daemon }) => {
    refuseDaemonOptions('sim', daemon)
    const programs = await findPrograms()
    return {
      fidelity: (profile, faults) => levelFor(profile, options, faults),
      check: async (composition) => {
        const { planDirectory, plan } = composition
        refuseShaping('sim', composition, ['stream'])

        if (planDirectory != null) {
          throw new RunRequestError(`the runner sim runs the plan peersdb alone, whose time it can simulate, and not ${plan}; use --runner local or testground`)
        }

        return undefined
      },
      run: (init) => runSimulation(init, options, programs)
    }
  }
}

/** @throws {ProfileError} where the level leaves out something that the profile gives */
function levelFor (profile: Profile, options: SimulationOptions, faults: Timeline | undefined): Level {
  const lossy = faults?.events.some((event) => event.kind === 'degrade' && event.loss != null) === true
  const { level = lossy ? 'tcp-envelope' : requiredLevel(profile) } = options
  requireLevel(profile, level)

  if (lossy && level !== 'tcp-envelope') {
    throw new RunRequestError(`the level ${level} does not model the loss of a degraded link that ${faults.source} asks for; use --level tcp-envelope`)
  }

  return level
}

async function findPrograms (): Promise<Programs> {
  for (const directory of candidates) {
    const programs = { preload: join(directory, 'preload.js'), simulation: join(directory, 'simulation.js') }

    if (await stat(programs.simulation).then((found) => found.isFile(), () => false)) {
      return programs
    }
  }

  throw new HarnessError('the simulation dist/sim/simulation.js is not there; build it with: npm run build')
}

async function runSimulation (init: RunInit, options: SimulationOptions, programs: Programs): Promise<RunOutcome> {
  const { run, progress, folder } = init
  const scratch = await mkdtemp(join(tmpdir(), 'peerslab-sim-'))
  const phases = findCase(init.composition.case)?.phases(run.groups, init.faults) ?? []

  const hear = (message: SimulationMessage): void => {
    if (message.type === 'say') {
      progress.say(message.sentence)
    } else if (message.type === 'progress') {
      progress.update(new Map(phases.map((phase) => [phase, message.counts[phase.name] ?? 0])))
    }
  }

  try {
    await mkdir(folder.path, { recursive: true })
    const seed = Number(run.groups[0]?.params.seed ?? 1)

    if (init.faults != null) {
      await folder.writeFaults(run.id, { seed, ...init.faults, done: [] })
    }

    const { end, cutShort, how, lastLines } = await runProcess({
      programs,
      job: await jobOf(init, options, scratch),
      heapMebibytesMax: Math.floor(heapShareMax * totalmem() / mebibyte),
      timeoutMs: init.timeoutMs,
      signal: init.signal,
      onMessage: hear
    })

    if (end == null) {
      lastLines.forEach((line) => { progress.say(`  ${line}`) })
      return judgeRun(run.id, [], { cutShort: cutShort ?? `the simulation broke (${how})${lastLines.length > 0 ? `: ${lastLines.at(0) ?? ''}` : ''}` })
    }

    if (init.faults != null) {
      await folder.writeFaults(run.id, { seed, ...init.faults, done: end.done })
    }

    await folder.writeSimulation(run.id, end.summary)
    return judgeRun(run.id, end.results, { ...end.end, cutShort: cutShort ?? end.end.cutShort })
  } finally {
    progress.end()
    await rm(scratch, { recursive: true, force: true })
  }
}

async function jobOf ({ composition, run, folder, faults }: RunInit, options: SimulationOptions, scratch: string): Promise<SimulationJob> {
  const [first] = run.groups
  const profile = await networkOf(composition.case, first?.params)
  return {
    plan: composition.plan,
    case: composition.case,
    run,
    seed: first?.params.seed ?? '1',
    faults: faults == null
      ? undefined
      : { timeline: faults, regions: (await placeInstances(composition.case, run.groups)).map(({ region }) => region) },
    level: levelFor(profile, options, faults),
    paced: options.paced ?? false,
    costs: options.costs,
    outputs: Object.fromEntries(run.groups.map(({ id, count }) =>
      [id, Array.from({ length: count }, (_, index) => folder.instanceDirectory(run.id, id, index))])),
    scratch,
    virtualTimeoutMs: options.virtualTimeoutMs ?? virtualTimeoutMsDefault,
    ...(options.trace === true
      ? { traceFile: folder.observed(run.id, 'trace.txt'), messagesFile: folder.observed(run.id, 'messages.csv') }
      : {}),
    sequence: options.contribution == null
      ? undefined
      : { contribution: options.contribution, file: folder.observed(run.id, 'sequence.csv') }
  }
}
