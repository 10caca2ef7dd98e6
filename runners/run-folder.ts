import { randomBytes } from 'node:crypto'
import { mkdir, rename, rm, symlink } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { RunRequestError } from './errors.ts'
import { writeWhole } from './files.ts'
import { roCrate } from './ro-crate.ts'
import type { Level } from '../network/level.ts'
import type { Profile } from '../network/profile.ts'
import type { Metric } from '../plans/index.ts'
import type { FaultRecord } from './faults.ts'
import type { Composition, RunSpec } from './composition/index.ts'
import type { RunOutcome, Verdict } from './outcome.ts'
import type { Provenance } from './provenance.ts'
import type { SimulationSummary } from './sim/job.ts'

/** How much of a network is modelled: latency and jitter (ideal), bandwidth too, TCP too, or real where nothing is shaped. */
export type Fidelity = Level | 'real'

/** What `run.json` holds: all that is needed to understand a run, and to run it again. */
export interface RunRecord extends Provenance {
  readonly schema: 1
  readonly runner: string
  /** Where another engine carried it out: which one, under the daemon of which address. */
  readonly engine?: { readonly name: string, readonly endpoint: string }
  readonly fidelity: Fidelity
  readonly seed: number
  /** The words of the command line that carried it out. */
  readonly command: readonly string[]
  readonly startedAt: string
  /** Absent while it goes on, and where it was cut short with its runner. */
  readonly endedAt?: string
  readonly plan: string
  readonly case: string
  readonly composition: Composition
  readonly network: Pick<Profile, 'name' | 'description' | 'source' | 'regions' | 'oneWayLatencyMs'>
  readonly metrics: ReadonlyArray<Metric & { readonly name: string }>
  readonly runs: ReadonlyArray<Pick<RunSpec, 'id' | 'groups'>>
}

export interface OutcomeRecord {
  readonly verdict: Verdict
  readonly reason: string
  readonly runs: readonly RunOutcome[]
}

export interface RunFolder {
  /** Absolute path. */
  readonly path: string
  /** Where an instance writes, in the layout of Testground's own archives. */
  instanceDirectory (run: string, group: string, index: number): string
  writeRecord (record: RunRecord): Promise<void>
  writeOutcome (outcome: OutcomeRecord): Promise<void>
  /** What the simulation of a run was as a whole, beside its instances. */
  writeSimulation (run: string, summary: SimulationSummary): Promise<void>
  /** What goes wrong in a run, and what of it was done when. @returns the path of the file */
  writeFaults (run: string, faults: FaultRecord): Promise<string>
  /** What the daemon of another engine made of a run. */
  writeTask (run: string, task: object): Promise<void>
  /**
   * Where what is written as a run goes on is kept: of a simulated one the events of the network, the messages of streams and the
   * way of one contribution; of one under a daemon its log.
   */
  observed (run: string, file: 'trace.txt' | 'messages.csv' | 'sequence.csv' | 'daemon.log'): string
}

/**
 * Makes `<out>/<composition>/<UTC time>-<short id>/` and points `latest` beside it at it.
 *
 * @throws {RunRequestError} where no directory can be made
 */
export async function createRunFolder (out: string, composition: string, startedAt: Date): Promise<RunFolder> {
  const study = join(out, composition)
  const time = startedAt.toISOString().replace(/[-:]/g, '').replace(/\.\d+/, '')
  const path = join(study, `${time}-${randomBytes(3).toString('hex')}`)
  await mkdir(path, { recursive: true }).catch((err: NodeJS.ErrnoException) => {
    throw new RunRequestError(`no run folder can be made in ${out} (${err.code ?? err.message}); name a directory that can be written with --out`)
  })
  await pointLatest(study, basename(path))

  return {
    path,
    instanceDirectory: (run, group, index) => join(path, 'instances', run, group, String(index)),
    writeRecord: async (record) => {
      await writeWhole(join(path, 'run.json'), `${JSON.stringify(record, null, 2)}\n`)
      await writeWhole(join(path, 'ro-crate-metadata.json'), `${JSON.stringify(roCrate(record), null, 2)}\n`)
    },
    writeOutcome: async (outcome) => {
      await writeWhole(join(path, 'outcome.json'), `${JSON.stringify(outcome, null, 2)}\n`)
    },
    writeSimulation: async (run, summary) => {
      await writeWhole(join(path, 'instances', run, 'simulation.json'), `${JSON.stringify(summary, null, 2)}\n`)
    },
    writeFaults: async (run, faults) => {
      const file = join(path, 'instances', run, 'faults.json')
      await mkdir(join(path, 'instances', run), { recursive: true })
      await writeWhole(file, `${JSON.stringify(faults, null, 2)}\n`)
      return file
    },
    writeTask: async (run, task) => {
      await mkdir(join(path, 'instances', run), { recursive: true })
      await writeWhole(join(path, 'instances', run, 'task.json'), `${JSON.stringify(task, null, 2)}\n`)
    },
    observed: (run, file) => join(path, 'instances', run, file)
  }
}

/** Two runs may start at once: each makes its own link and renames it, and the later one stays. */
async function pointLatest (study: string, target: string): Promise<void> {
  const link = join(study, `.latest-${target}`)

  try {
    await symlink(target, link)
    await rename(link, join(study, 'latest'))
  } catch {
    // Where symbolic links cannot be made the run is as good without; its path is printed anyway.
    await rm(link, { force: true })
  }
}
