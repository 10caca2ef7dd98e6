import { availableParallelism } from 'node:os'
import { RunRequestError } from './errors.ts'
import { checkRun, run } from './run.ts'
import type { Cell } from './matrix.ts'
import type { RunOptions, RunReport } from './run.ts'

/** More seeds than this are a mistake rather than a panel. */
const seedsMax = 1_000

/** More runs than this are started only by who says so. */
const runsUnconfirmedMax = 100

export interface PanelReport extends RunReport {
  readonly seed: number
  /** The name of its combination, where there is a matrix. */
  readonly cell?: string
}

/**
 * Reads the seeds of a panel: ranges and single numbers, `1..20` or `1,2,5..7`.
 *
 * @throws {RunRequestError}
 */
export function parseSeeds (text: string): number[] {
  const seeds = text.split(',').flatMap((part) => {
    const match = /^(\d{1,15})(?:\.\.(\d{1,15}))?$/.exec(part.trim())
    const [from, to] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])]

    if (match == null || to < from || to - from >= seedsMax) {
      throw new RunRequestError(`--seeds ${text}: "${part}" is no seed and no range of at most ${seedsMax}; write 1..20, or 1,2,5`)
    }

    return Array.from({ length: to - from + 1 }, (_, i) => from + i)
  })
  const unique = [...new Set(seeds)]

  if (unique.length > seedsMax) {
    throw new RunRequestError(`--seeds ${text} are ${unique.length} seeds; take at most ${seedsMax}`)
  }

  return unique
}

/** The seeds of so many repeats, the first of which is given. @throws {RunRequestError} */
export function repeatedSeeds (repeat: number, first: number): number[] {
  if (!Number.isInteger(repeat) || repeat < 1 || repeat > seedsMax) {
    throw new RunRequestError(`--repeat must be a whole number from 1 to ${seedsMax}`)
  }

  return Array.from({ length: repeat }, (_, i) => first + i)
}

export interface Panel {
  readonly cells: readonly Cell[]
  readonly seeds: readonly number[]
}

/**
 * Refuses what could not be run, all of it before anything starts; a panel that is large only where it was confirmed.
 *
 * @throws {RunRequestError} that says how many runs it would be, and everything that one run may be refused with
 */
export async function checkPanel (options: RunOptions, { cells, seeds }: Panel, isConfirmed: boolean): Promise<void> {
  const [first] = cells
  const ofCell = (cell: Cell | undefined): RunOptions => optionsOf(options, { cell, seed: seeds[0] })
  const { runs } = await checkRun(ofCell(first))
  const all = cells.length * seeds.length * runs

  if (all > runsUnconfirmedMax && !isConfirmed) {
    const parts = [`${cells.length} combinations`, `${seeds.length} seeds`, ...runs > 1 ? [`${runs} runs of the composition`] : []]
    throw new RunRequestError(`this would start ${all.toLocaleString('en')} runs (${parts.join(' x ')}); add --yes to start them all, or take fewer values`)
  }

  for (const cell of cells.slice(1)) {
    await checkRun(ofCell(cell))
  }
}

/**
 * Runs a composition once for each cell and seed: simulations on all cores, everything else one after another. All cells come
 * with one seed before any comes with the next, so that what changes on the machine meanwhile meets all of them alike.
 */
export async function runPanel (options: RunOptions, { cells, seeds }: Panel): Promise<PanelReport[]> {
  const jobs = seeds.flatMap((seed) => cells.map((cell) => ({ cell, seed })))
  const reports = new Map<number, PanelReport>()
  let next = 0

  const work = async (): Promise<void> => {
    for (let i = next++; i < jobs.length && !options.signal.aborted; i = next++) {
      const { cell, seed } = jobs[i] as typeof jobs[number]
      reports.set(i, { ...await run(optionsOf(options, { cell, seed })), seed, ...cell.name === '' ? {} : { cell: cell.name } })
    }
  }

  const workers = options.runner === 'sim' && options.simulation.paced !== true ? Math.min(availableParallelism(), jobs.length) : 1
  await Promise.all(Array.from({ length: workers }, work))
  return [...reports].sort(([a], [b]) => a - b).map(([, report]) => report)
}

function optionsOf (options: RunOptions, { cell, seed }: { cell: Cell | undefined, seed: number | undefined }): RunOptions {
  const set = { ...options.set, ...cell?.set, ...seed == null ? {} : { seed: String(seed) } }
  const words = Object.entries(cell?.set ?? {}).flatMap(([name, value]) => ['--set', `${name}=${value}`])
  return {
    ...options,
    set,
    command: [...options.command, ...words, ...seed == null ? [] : ['--seed', String(seed)]],
    ...cell == null || cell.name === '' ? {} : { cell: cell.name }
  }
}
