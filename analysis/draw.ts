import { sourceLine } from './describe.ts'
import { drawAvailability } from './figures/availability.ts'
import { drawBootstrapping } from './figures/bootstrapping.ts'
import { drawBootstrappingCluster } from './figures/bootstrapping-cluster.ts'
import { timeOverSize } from './figures/bootstrapping-size.ts'
import { drawConvergence } from './figures/convergence.ts'
import { drawReplication } from './figures/ecdf.ts'
import { drawLink } from './figures/link.ts'
import { drawPrediction } from './figures/prediction.ts'
import { drawReplicationByRegion } from './figures/replication-by-region.ts'
import { drawReplicationMatrix } from './figures/replication-matrix.ts'
import { isReplication, replicationPairs } from './figures/replication-pairs.ts'
import { drawScaling } from './figures/scaling.ts'
import { drawSequence } from './figures/sequence.ts'
import { drawTraffic } from './figures/traffic.ts'
import { drawTransfer } from './figures/transfer.ts'
import { drawValidation } from './figures/validation.ts'
import type { Caption, Drawing, Layout } from './figures/figure.ts'
import { scalingRuns } from './scaling-runs.ts'
import type { RunFolder } from './read.ts'
import type { Warning } from './warnings.ts'

/** Figures that a case measures, so that the absence of one must be explained; of another case these are the first two. */
const owed: Readonly<Record<string, readonly string[]>> = {
  link: ['link'],
  replication: ['replication'],
  bootstrapping: ['replication', 'bootstrapping'],
  churn: ['replication', 'convergence', 'availability'],
  partition: ['replication', 'convergence', 'availability'],
  validation: ['validation'],
  modelling: ['prediction'],
  transfer: ['transfer'],
  scale: ['replication', 'scaling'],
  privacy: []
}

/** Every figure of a run folder, in the order of a report, each of them drawn or the reason why not. */
export function drawAll (folder: RunFolder, warnings: readonly Warning[], layout?: Layout): Drawing[] {
  const { run, sequences, faults } = folder
  const pairs = replicationPairs(folder.rows)
  // Of these there can be millions, and no other figure shows any.
  const rows = folder.rows.filter((row) => !isReplication(row))
  const set = layout === undefined ? {} : { layout }
  const caption: Caption = { source: sourceLine(folder), warnings, regions: run.network?.regions ?? [], ...set }
  return [
    drawReplication(pairs, caption, run.network?.oneWayLatencyMs ?? {}),
    drawReplicationByRegion(pairs, caption),
    drawReplicationMatrix(pairs, caption),
    drawBootstrapping(rows, caption),
    drawBootstrappingCluster(timeOverSize(rows), caption),
    drawConvergence(rows, faults, caption),
    drawAvailability(rows, faults, caption),
    drawTraffic(rows, caption),
    drawScaling(scalingRuns(folder), caption),
    drawValidation(rows, run, caption),
    drawPrediction(rows, caption),
    drawTransfer(rows, caption),
    drawLink(rows, caption),
    drawSequence(sequences, caption)
  ]
}

/** Whether the case that ran measures what the figure shows. */
export function isOwed (figure: string, { run }: RunFolder): boolean {
  return (owed[run.case ?? ''] ?? ['replication', 'bootstrapping']).includes(figure)
}
