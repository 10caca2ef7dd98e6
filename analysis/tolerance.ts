import { formatNumber } from './units.ts'
import type { Conditions } from './run-values.ts'

/** Above this the machine, and not the network, may have decided the times of local. */
const cpuPercentMax = 50
/** An entry may arrive this part of its time, and this much, earlier or later. */
const entryShare = 0.1
const entryMs = 2
/** The bytes on the wire may differ by this part. */
const bytesShare = 0.01

/** Whether a simulation may stand for processes, as far as one metric tells. */
export interface Tolerance {
  holds: 'yes' | 'no' | 'not comparable'
  /** What was allowed and what was found. */
  reason: string
}

/** Medians over the repeats. */
export interface Found {
  localMedian: number
  /** What the simulation gave less what local gave. */
  difference: number
  /** The one over the other. */
  ratio: number
}

/** Judges one metric; undefined where it has no tolerance. */
export function judge (metric: string, { localMedian, difference, ratio }: Found, { cpuPercent }: Conditions): Tolerance | undefined {
  if (metric === 'bytes_sent' || metric === 'bytes_received') {
    const share = Math.abs(ratio - 1)
    return { holds: share <= bytesShare ? 'yes' : 'no', reason: `${percent(share)} off, where ${percent(bytesShare)} are allowed` }
  }
  if (metric !== 'replication_entry_ms') return undefined
  if (cpuPercent === undefined) return { holds: 'not comparable', reason: 'local did not record how busy the machine was' }
  if (cpuPercent >= cpuPercentMax) {
    return { holds: 'not comparable', reason: `the machine was busy for ${formatNumber(cpuPercent)} % while local ran, where less than ${cpuPercentMax} % are needed` }
  }
  const allowedMs = entryShare * localMedian + entryMs
  return {
    holds: Math.abs(difference) <= allowedMs ? 'yes' : 'no',
    reason: `${formatNumber(Math.abs(difference))} ms off, where ${formatNumber(allowedMs)} ms are allowed`
  }
}

function percent (share: number): string {
  return `${formatNumber(100 * share)} %`
}
