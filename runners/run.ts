import { join, resolve } from 'node:path'
import { findCase, metrics, networkOf } from '../plans/index.ts'
import { readComposition, readManifest } from './composition/index.ts'
import { RunRequestError } from './errors.ts'
import { manifestFile, packageRoot } from './files.ts'
import { localRunner } from './local/index.ts'
import { judgeRuns } from './outcome.ts'
import { createProgress } from './progress.ts'
import { readProvenance } from './provenance.ts'
import { manifestOf, readRunAgain } from './rerun.ts'
import { createRunFolder } from './run-folder.ts'
import { simRunner } from './sim/index.ts'
import { testgroundRunner } from './testground/index.ts'
import type { Timeline } from '../plans/index.ts'
import type { Composition, Manifest } from './composition/index.ts'
import type { RunOutcome, Verdict } from './outcome.ts'
import type { OutcomeRecord, RunRecord } from './run-folder.ts'
import type { DaemonOptions, PreparedRunner, Runner, SimulationOptions } from './runner.ts'

/** The runners, by name. */
const runners: Readonly<Record<string, Runner>> = { local: localRunner, sim: simRunner, testground: testgroundRunner }

export interface RunOptions {
  /** A composition, or the folder of an earlier run that is to be run again. */
  readonly composition: string
  readonly runner: string
  readonly simulation: SimulationOptions
  readonly daemon?: DaemonOptions
  /** Parameters that beat the composition's. */
  readonly set: Readonly<Record<string, string>>
  /** The directory of the run folders. */
  readonly out: string
  /** What the run is called among those of a matrix: the directory, below that of the composition, of its run folder. */
  readonly cell?: string
  /** The longest a run may take, in milliseconds. */
  readonly timeoutMs: number
  /** What relative paths count from. */
  readonly workingDirectory: string
  /** The words of the command line, for the record. */
  readonly command: readonly string[]
  readonly progress: NodeJS.WriteStream
  readonly signal: AbortSignal
}

export interface RunReport {
  readonly folder: string
  readonly verdict: Verdict
  readonly reason: string
}

/**
 * Checks everything that can be checked before anything is written.
 *
 * @returns how many runs the composition has, and what it draws from
 * @throws {CompositionError | RunRequestError | ParameterError | ProfileError | CorpusError}
 */
export async function checkRun (options: RunOptions): Promise<{ runs: number, seed: number }> {
  const { composition } = await prepare(options)
  return { runs: composition.runs.length, seed: seedOf(composition) }
}

interface Prepared extends Checked {
  readonly composition: Composition
  readonly manifest: Manifest
  readonly runner: PreparedRunner
  readonly engine: RunRecord['engine']
}

async function prepare (options: RunOptions): Promise<Prepared> {
  const reading = { manifest: await readManifest(manifestFile), set: options.set, workingDirectory: options.workingDirectory }
  const composition = await readRunAgain(options.composition, reading) ?? await readComposition(options.composition, reading)
  const manifest = await manifestOf(composition, reading.manifest)
  const runner = Object.hasOwn(runners, options.runner) ? runners[options.runner] : undefined

  if (runner == null) {
    throw new RunRequestError(`there is no runner "${options.runner}"; use one of ${Object.keys(runners).join(', ')}`)
  }

  const checked = await check(composition)
  const prepared = await runner.prepare({ simulation: options.simulation, daemon: options.daemon })
  return { composition, manifest, ...checked, runner: prepared, engine: await prepared.check?.(composition, manifest, checked.faults) }
}

/**
 * Carries out a composition: checks everything first, then runs its runs one after another and writes the
 * run folder as it goes.
 *
 * @throws {CompositionError | RunRequestError | ParameterError | ProfileError | CorpusError} before anything is written
 */
export async function run (options: RunOptions): Promise<RunReport> {
  const { composition, manifest, notes, faults, runner, engine } = await prepare(options)
  const startedAt = new Date()
  const record = { ...await describe(composition, options, runner, { startedAt, faults }), ...(engine == null ? {} : { engine }) }
  const out = resolve(options.workingDirectory, options.out)
  const folder = await (options.cell == null
    ? createRunFolder(out, composition.name, startedAt)
    : createRunFolder(join(out, composition.name), options.cell, startedAt))
  await folder.writeRecord(record)
  const outcomes: RunOutcome[] = []

  for (const each of composition.runs) {
    const name = options.cell == null ? composition.name : `${composition.name}, ${options.cell}`
    const label = composition.runs.length > 1 ? `${name}, run ${each.id}` : name
    const progress = createProgress(options.progress, label)
    progress.say(`case ${composition.case}, ${each.totalInstances} instances, runner ${options.runner}`)
    notes.get(each.id)?.forEach((note) => { progress.say(note) })
    outcomes.push(await runner.run({
      composition, manifest, run: each, folder, faults: faults.get(each.id), progress, timeoutMs: options.timeoutMs, signal: options.signal
    }))

    if (options.signal.aborted) {
      break
    }
  }

  await folder.writeRecord({ ...record, endedAt: new Date().toISOString() })
  const outcome = conclude(composition, outcomes)
  await folder.writeOutcome(outcome)
  return { folder: folder.path, verdict: outcome.verdict, reason: outcome.reason }
}

/** By the id of the run: what people should know of it, and what goes wrong in it. */
interface Checked {
  readonly notes: ReadonlyMap<string, readonly string[]>
  readonly faults: ReadonlyMap<string, Timeline>
}

/** Refuses what no run of the composition could be carried out with. */
async function check (composition: Composition): Promise<Checked> {
  if (composition.planDirectory != null) {
    return { notes: new Map(), faults: new Map() }
  }

  const testCase = findCase(composition.case)

  if (testCase == null) {
    throw new RunRequestError(`the manifest knows case "${composition.case}", but the plan has no such case; build again`)
  }

  const notes = new Map<string, readonly string[]>()
  const faults = new Map<string, Timeline>()

  for (const { id, groups } of composition.runs) {
    notes.set(id, await testCase.check(groups))
    const timeline = await testCase.faults?.(groups)

    if (timeline != null) {
      faults.set(id, timeline)
    }
  }

  return { notes, faults }
}

function conclude (composition: Composition, runs: readonly RunOutcome[]): OutcomeRecord {
  const together = judgeRuns(runs)

  // Runs that were never started leave the whole unknown, unless one before them failed.
  if (runs.length < composition.runs.length && together.verdict === 'pass') {
    return { verdict: 'unknown', reason: `${runs.length} of ${composition.runs.length} runs were carried out`, runs }
  }

  return { ...together, runs }
}

async function describe (
  composition: Composition, options: RunOptions, runner: PreparedRunner,
  { startedAt, faults }: { startedAt: Date, faults: Checked['faults'] }
): Promise<RunRecord> {
  const isForeign = composition.planDirectory != null
  // What a plan of others calls network or seed need not be what ours does.
  const params = isForeign ? undefined : composition.runs[0]?.groups[0]?.params
  const profile = await networkOf(isForeign ? '' : composition.case, params)
  const { name, description, source, regions, oneWayLatencyMs } = profile
  // Runs of one composition have one network; faults of one of them may ask for more of it to be modelled.
  const isModelled = ['stream', undefined].includes(params?.shaping)
  const fidelities = isModelled ? composition.runs.map(({ id }) => runner.fidelity(profile, faults.get(id))) : []

  return {
    schema: 1,
    ...await readProvenance(packageRoot),
    runner: options.runner,
    fidelity: fidelities.includes('tcp-envelope') ? 'tcp-envelope' : fidelities[0] ?? 'real',
    seed: seedOf(composition),
    command: options.command,
    startedAt: startedAt.toISOString(),
    plan: composition.plan,
    case: composition.case,
    composition,
    network: { name, description, source, regions, oneWayLatencyMs },
    metrics: isForeign ? [] : Object.entries(metrics).map(([metric, about]) => ({ name: metric, ...about })),
    runs: composition.runs.map(({ id, groups }) => ({ id, groups }))
  }
}

/** All groups of all runs have one seed. */
function seedOf ({ runs, planDirectory }: Composition): number {
  return planDirectory != null ? 1 : Number(runs[0]?.groups[0]?.params.seed ?? 1)
}
