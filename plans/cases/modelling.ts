import { jobs } from '../models/jobs.ts'
import { openExecutions, rowsOf } from '../executions/executions.ts'
import { withFlaws } from '../executions/flaws.ts'
import { commonContext, contextOf, orderByShares } from '../executions/shares.ts'
import { decideOnArrival } from '../executions/verdicts.ts'
import { auditedBy, compareReports } from '../modelling/audit.ts'
import { predictionErrors } from '../modelling/errors.ts'
import { holdingsOf } from '../modelling/holdings.ts'
import { readParams } from '../params.ts'
import { fill, found, gather, judgeAndClose, reach } from '../replicate.ts'
import { checkGroups, phasesOfAll, requireContributors } from './case.ts'
import type { Cluster } from '../cluster.ts'
import type { InstanceContext } from '../context.ts'
import type { Executions } from '../executions/executions.ts'
import type { Verdicts } from '../executions/verdicts.ts'
import type { ModellingReport } from '../modelling/audit.ts'
import type { PredictionError } from '../modelling/errors.ts'
import type { Holding } from '../modelling/holdings.ts'
import type { TableRow } from '../models/jobs.ts'
import type { Params } from '../params.ts'
import type { Gathering } from '../replicate.ts'
import type { Posted } from '../workload.ts'
import type { TestCase } from './case.ts'

type ModellingParams = Params<'modelling'>

/** Peers share executions of a job: how well do models predict its runtime from what has reached a peer so far? */
export const modelling: TestCase = {
  check: async (groups) => {
    const [first] = await checkGroups('modelling', groups)
    requireContributors('modelling', groups)
    return first == null ? [] : [`corpus: ${(await openExecutions(executionsOf(first))).description}`]
  },

  phases: (groups) => phasesOfAll(['connected', 'filled', 'modelled', 'judged'], groups),

  run: async (context) => {
    const params = readParams('modelling', context.params)
    const executions = await openExecutions(executionsOf(params))
    // Who is broken here posts as it should, and reports what it does not hold.
    const gathering = await gather(context, { ...params, sabotage: 'none' }, async ({ withRole }) => {
      const ordered = orderByShares(executions.items, jobs[params.job], params.shares, withRole('contributor').length)
      const flaws = { share: params.flawed_share, kinds: params.flaws, seed: params.seed }
      return { description: executions.description, items: withFlaws(ordered, flaws) }
    })
    const { all, withRole } = gathering.members
    // With these strategies a peer looks for others, too; with the others it does so only when it decides here.
    const looksForOthers = params.strategy === 'committee' || params.strategy === 'spot-check'
    const cluster = await found(context, gathering, all, looksForOthers ? { strategy: params.strategy } : {})
    const verdicts = params.strategy === 'none' ? undefined : decideOnArrival(context, cluster, params.strategy)
    const startedMs = context.clock.nowMs()
    const posted = await fill(context, gathering, cluster, withRole('contributor'))
    await verdicts?.settled()
    await reach(context, gathering, 'filled', all.length)
    const study = await openStudy({ context, params, executions, gathering, cluster, verdicts, posted, startedMs })
    await model(study)
    await judgeAndClose(context, gathering, cluster, posted, await audit(study))
  }
}

interface Study {
  readonly context: InstanceContext
  readonly params: ModellingParams
  readonly executions: Executions
  readonly gathering: Gathering
  readonly cluster: Cluster
  readonly verdicts: Verdicts | undefined
  readonly posted: readonly Posted[]
  readonly startedMs: number
  /** What each contribution says that is held here, by the hash of its entry. */
  readonly rows: ReadonlyMap<string, readonly TableRow[]>
}

function executionsOf ({ job, corpus, contributions, seed, test_share: testShare }: ModellingParams): Parameters<typeof openExecutions>[0] {
  return { job, corpus, contributions, seed, testShare }
}

async function openStudy (study: Omit<Study, 'rows'>): Promise<Study> {
  const rows = new Map<string, TableRow[]>()

  for (const { hash, cid } of study.posted) {
    if (study.cluster.arrivals.byHash.get(hash)?.fileMs != null) {
      const chunks = await Array.fromAsync(study.cluster.peer.get(cid, { offline: true, signal: study.context.signal }))
      rows.set(hash, rowsOf(Buffer.concat(chunks)))
    }
  }

  return { ...study, rows }
}

/** Records how far each model is off with each holding, and tells the others what it says of the last. */
async function model (study: Study): Promise<void> {
  const { context, params, cluster, gathering, posted, verdicts } = study
  const holdings = holdingsOf(cluster.arrivals, {
    posted: posted.map(({ hash }) => hash),
    own: new Set(posted.filter(({ from }) => from === context.index).map(({ hash }) => hash)),
    checkpoints: params.checkpoints
  })
  const claimed = params.sabotage === 'report-early' ? holdings.map(firstHalf) : holdings
  const rejected = posted.filter(({ hash }) => verdicts?.byHash.get(hash)?.verdict === 'invalid').map(({ hash }) => hash)
  let errors: PredictionError[] = []

  for (const holding of claimed) {
    if (verdicts != null) {
      record(study, holding, 'none', await errorsOf(study, holding.hashes))
    }

    errors = await errorsOf(study, without(holding.hashes, rejected))
    record(study, holding, params.strategy, errors)
  }

  const report: ModellingReport = { index: context.index, rejected, errors: errors.filter(({ target }) => target === 'all') }
  await context.sync.publish('models', report)
  await reach(context, gathering, 'modelled', gathering.members.all.length)
}

/** Recomputes what another instance reported from what is held here. */
async function audit (study: Study): Promise<Error | undefined> {
  const { context, gathering: { members, patienceMs }, posted } = study
  const reports = await context.sync.collect<ModellingReport>('models', members.all.length, patienceMs)
  const index = auditedBy(context.index, members.all.length)
  const report = reports.find((candidate) => candidate.index === index) as ModellingReport
  const recomputed = await errorsOf(study, without(posted.map(({ hash }) => hash), report.rejected))
  return compareReports(members, report, recomputed.filter(({ target }) => target === 'all'))
}

/** What an instance claims that does not wait for the second half. */
function firstHalf (holding: Holding): Holding {
  return { ...holding, hashes: holding.hashes.slice(0, Math.ceil(holding.hashes.length / 2)) }
}

function without (hashes: readonly string[], rejected: readonly string[]): string[] {
  const out = new Set(rejected)
  return hashes.filter((hash) => !out.has(hash))
}

function errorsOf (study: Study, hashes: readonly string[]): Promise<PredictionError[]> {
  const { context, params, executions: { heldOut }, rows, posted } = study
  const job = jobs[params.job]
  const own = commonContext(job, posted.filter(({ from }) => from === context.index).flatMap(({ hash }) => rows.get(hash) ?? []))
  const targets: Record<string, readonly TableRow[]> = { all: heldOut }

  if (params.shares === 'context' && own != null) {
    targets.own = heldOut.filter((row) => contextOf(job, row) === own)
  }

  return predictionErrors(context, { job, models: params.models, rows: hashes.flatMap((hash) => rows.get(hash) ?? []), targets })
}

function record (
  { context, params, startedMs }: Study, { data, corpusHeld, hashes, atMs }: Holding, strategy: string, errors: readonly PredictionError[]
): void {
  for (const { model: name, target, mape } of errors) {
    if (mape != null) {
      const tags = { job: params.job, model: name, data, target, corpus_held: Number(corpusHeld.toFixed(4)), strategy }
      context.record.metric('prediction_error_mape', mape, tags, { contributions: hashes.length, elapsed_ms: atMs - startedMs })
    }
  }
}
