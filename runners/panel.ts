import { availableParallelism } from 'node:os'
import { RunRequestError } from './errors.ts'
import { run } from './run.ts'
import type { RunOptions, RunReport } from './run.ts'

/** More seeds than this are a mistake rather than a panel. */
const seedsMax = 1_000

export interface SeedReport extends RunReport {
  readonly seed: number
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

/** Runs a composition once for each seed: simulations on all cores, everything else one after another. */
export async function runSeeds (options: RunOptions, seeds: readonly number[]): Promise<SeedReport[]> {
  const reports: SeedReport[] = []
  const left = [...seeds]

  const work = async (): Promise<void> => {
    for (let seed = left.shift(); seed != null && !options.signal.aborted; seed = left.shift()) {
      const report = await run({ ...options, set: { ...options.set, seed: String(seed) }, command: [...options.command, '--seed', String(seed)] })
      reports.push({ ...report, seed })
    }
  }

  const workers = options.runner === 'sim' && options.simulation.paced !== true ? Math.min(availableParallelism(), seeds.length) : 1
  await Promise.all(Array.from({ length: workers }, work))
  return reports.sort((a, b) => a.seed - b.seed)
}
