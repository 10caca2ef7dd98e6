import type { Random } from '../random.ts'

/** What a workload asks of a machine. */
export interface LoadProfile {
  /** Share of all cores while it computes. */
  readonly cpuShare: number
  /** Share of the memory that its heap grows to. */
  readonly memoryShare: number
  readonly readKbPerSecond: number
  readonly writeKbPerSecond: number
  readonly networkKbPerSecond: number
  /** Mean length of a phase, in rows. */
  readonly phaseRows: number
  /** Share of the first reading that each later round repeats; a cache spares the rest. */
  readonly rereadShare: number
}

/** One row's demand, as shares of what the profile names. */
export interface Demand {
  readonly cpu: number
  readonly memory: number
  readonly read: number
  readonly write: number
  readonly network: number
}

const START: Demand = { cpu: 0.35, memory: 0.15, read: 0.1, write: 0.05, network: 0.1 }
const READ: Demand = { cpu: 0.55, memory: 0.7, read: 1, write: 0.05, network: 0.15 }
const COMPUTE: Demand = { cpu: 1, memory: 1, read: 0.02, write: 0.03, network: 0.05 }
const EXCHANGE: Demand = { cpu: 0.6, memory: 1, read: 0.15, write: 0.6, network: 1 }
const WRITE: Demand = { cpu: 0.4, memory: 1, read: 0.02, write: 1, network: 0.2 }
const FINISHED: Demand = { cpu: 0.3, memory: 0, read: 0.01, write: 0.5, network: 0.05 }

/** Draws the profile of a workload; Hadoop goes to the disk between its steps, Spark keeps more in memory. */
export function drawProfile (framework: string, random: Random): LoadProfile {
  const hadoop = framework === 'hadoop'
  return {
    cpuShare: 0.35 + 0.6 * random.uniform(),
    memoryShare: (hadoop ? 0.2 : 0.3) + 0.45 * random.uniform(),
    readKbPerSecond: Math.min(90_000, random.logNormal(hadoop ? 20_000 : 9_000, 0.9)),
    writeKbPerSecond: Math.min(90_000, random.logNormal(hadoop ? 15_000 : 5_000, 0.9)),
    networkKbPerSecond: Math.min(35_000, random.logNormal(40, 2)),
    phaseRows: random.integer(2, 9),
    rereadShare: hadoop ? 0.8 : 0.15
  }
}

/**
 * The demand of every row: a start, rounds of reading, computing and exchanging whose lengths are geometric, a phase of writing the
 * result, and the last row, in which the job has left. Fewer than four rows are a job that died while it started.
 */
export function planDemand (profile: LoadProfile, rows: number, random: Random): Demand[] {
  if (rows < 4) return Array.from({ length: rows }, () => START)
  const demands: Demand[] = [START]
  const writeRows = Math.min(Math.ceil(rows / 8), phaseLength(profile.phaseRows, random))
  const lastRound = rows - 1 - writeRows
  for (let round = 0; demands.length < lastRound; round++) {
    const read = { ...READ, read: round === 0 ? READ.read : profile.rereadShare }
    for (const phase of [read, COMPUTE, EXCHANGE]) {
      const until = Math.min(lastRound, demands.length + phaseLength(profile.phaseRows, random))
      while (demands.length < until) demands.push(phase)
    }
  }
  while (demands.length < rows - 1) demands.push(WRITE)
  return [...demands, FINISHED]
}

/** Geometric from 1, with this mean, at most ten times the mean. */
function phaseLength (mean: number, random: Random): number {
  let length = 1
  while (length < 10 * mean && random.chance(1 - 1 / mean)) length++
  return length
}
