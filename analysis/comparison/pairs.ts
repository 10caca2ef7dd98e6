import type { StudyRun } from './reduce-run.ts'

export interface Paired {
  base: StudyRun[]
  head: StudyRun[]
  /** Whether the runs at the same place of either side belong together. */
  isPaired: boolean
  /** What was left out, or could not be paired, one sentence each. */
  doubts: string[]
}

/**
 * Pairs simulations by their seed, for a seed is a sample and the same on both sides; the same seed twice says nothing
 * new. Real runs stay unpaired: their noise is the machine's, which no seed repeats.
 */
export function pairUp (base: readonly StudyRun[], head: readonly StudyRun[]): Paired {
  const isVirtual = [...base, ...head].every(({ facts }) => facts.identity.get('runner') === 'sim')
  if (!isVirtual) return { base: [...base], head: [...head], isPaired: false, doubts: [] }
  const [before, after] = [bySeed(base), bySeed(head)]
  const common = [...before.keys()].filter((seed) => after.has(seed))
  const doubts: string[] = []
  const repeated = base.length + head.length - before.size - after.size
  if (repeated > 0) doubts.push(`${repeated} runs repeat a seed that their side has already, which in virtual time says nothing new: they are left out.`)
  if (common.length === 0) {
    doubts.push('The two sides have no seed in common, so that their runs cannot be compared pair by pair: run both with the same seeds.')
    return { base: [...before.values()], head: [...after.values()], isPaired: false, doubts }
  }
  const lone = before.size + after.size - 2 * common.length
  if (lone > 0) doubts.push(`${lone} runs have a seed that only their side has, and are left out.`)
  const take = (runs: ReadonlyMap<string, StudyRun>): StudyRun[] => common.flatMap((seed) => runs.get(seed) ?? [])
  return { base: take(before), head: take(after), isPaired: true, doubts }
}

/** The first run of each seed. */
function bySeed (runs: readonly StudyRun[]): Map<string, StudyRun> {
  const found = new Map<string, StudyRun>()
  for (const run of runs) if (!found.has(run.seed)) found.set(run.seed, run)
  return found
}
