import { createHash } from 'node:crypto'
import { ParameterError } from '../errors.ts'
import { openExecutions } from '../executions/executions.ts'
import { withFlaws } from '../executions/flaws.ts'
import { decideOnArrival } from '../executions/verdicts.ts'
import { readParams } from '../params.ts'
import { phaseState } from '../phases.ts'
import { fill, found, gather, judgeAndClose, reach } from '../replicate.ts'
import { decideOn, lettersOf, recordVerdicts } from '../validation/decide.ts'
import { createIdentities } from '../validation/identities.ts'
import { judgeValidation } from '../validation/judge.ts'
import { ratesOf, soundness } from '../validation/report.ts'
import { createVoter } from '../validation/voter.ts'
import { meetWashers, waitForWashers, washAgainAndAgain } from '../validation/whitewash.ts'
import { checkGroups, countRole } from './case.ts'
import type { Address, Cluster } from '../cluster.ts'
import type { InstanceContext } from '../context.ts'
import type { CorpusItem } from '../corpus/index.ts'
import type { Params } from '../params.ts'
import type { Gathering } from '../replicate.ts'
import type { Identities } from '../validation/identities.ts'
import type { Rates, ValidationReport } from '../validation/report.ts'
import type { Voter, VoterInit } from '../validation/voter.ts'
import type { Laundry } from '../validation/whitewash.ts'
import type { StrategyOptions } from '../../peersdb/validation/strategies.ts'
import type { Verdict } from '../../peersdb/index.ts'
import type { Posted } from '../workload.ts'
import type { TestCase } from './case.ts'

type ValidationParams = Params<'validation'>

/** Voters contribute executions, some of them flawed, and look at them, or lie; askers decide: how often wrongly, and at which cost? */
export const validation: TestCase = {
  check: async (groups) => {
    const [first] = await checkGroups('validation', groups)

    for (const role of ['voter', 'asker']) {
      if (countRole('validation', groups, role) === 0) {
        throw new ParameterError(`no group has role = "${role}"; validation needs voters that contribute, and askers that decide`)
      }
    }

    const beforehand = first?.pre_trusted ?? ''

    if (beforehand !== '' && !groups.some(({ id, count }) => id === beforehand && count > 0)) {
      throw new ParameterError(`pre_trusted = "${beforehand}" is no group of this run that has instances; name one of ${groups.map(({ id }) => id).join(', ')}, or none`)
    }

    return first == null ? [] : [`corpus: ${(await openExecutions({ ...first, testShare: 0 })).description}`]
  },

  phases: (groups) => {
    const all = groups.reduce((sum, { count }) => sum + count, 0)
    return ['connected', 'filled', 'looked', 'decided', 'judged'].map((name) => ({
      name, instances: name === 'looked' ? countRole('validation', groups, 'voter') : all
    }))
  },

  run: async (context) => {
    const params = readParams('validation', context.params)
    const { items, description } = await openExecutions({ ...params, testShare: 0 })
    const truth = await digestsOf(items)
    // Who is broken here posts as it should.
    const gathering = await gather(context, { ...params, sabotage: 'none' }, async () => ({
      description, items: withFlaws(items, { share: params.flawed_share, kinds: params.flaws, seed: params.seed })
    }))
    const { all, self, withRole } = gathering.members
    const identities = createIdentities(all)
    const places: Places = new Map()
    const voter = createVoter(context, {
      ...voterInit(params, truth),
      placeOf: (cid) => places.get(cid) ?? { position: 0, isTarget: false },
      fellows: () => identities.peersOf(self.group)
    })
    const { validator, answer, trust } = voter
    const options = strategyOptions(params, () => identities.peersOf(params.pre_trusted))
    const validation = { validator, answer, options, ...trust == null ? {} : { trust } }
    const asks = self.role === 'asker'
    const duty = params.looks === 'duty' ? { strategy: params.strategy } : {}
    const cluster = await found(context, gathering, all, { validation, ...duty })
    identities.take(await context.sync.collect<Address>('addresses', all.length, gathering.patienceMs))
    const laundry = await meetWashers(context, gathering, params)
    const arrived = asks && params.strategy === 'self-eager' ? decideOnArrival(context, cluster, params.strategy) : undefined
    const posted = await fill(context, gathering, cluster, withRole('voter'))
    posted.forEach(({ cid, from }, i) => places.set(cid, { position: i / posted.length, isTarget: from === withRole('voter')[0]?.index }))
    await reach(context, gathering, 'filled', all.length)
    await (asks ? arrived?.settled() : look(context, params, cluster, posted))
    await context.sync.barrier(phaseState('looked'), withRole('voter').length, gathering.patienceMs)
    const study = { context, params, gathering, cluster, voter, posted, identities, laundry, isSound: soundness(posted, truth) }
    const verdicts = asks ? await decide(study) : []
    const last = laundry.washers.includes(self)
      ? await washAgainAndAgain({ ...study, validation }, cluster, (next) => lookAt(context, params, next, posted))
      : cluster
    const failure = await compare(study, verdicts)
    await judgeAndClose(context, gathering, last, posted, failure)
  }
}

function voterInit (params: ValidationParams, truth: ReadonlySet<string>): Omit<VoterInit, 'placeOf' | 'fellows'> {
  return {
    behaviour: params.behaviour,
    errorRate: params.error_rate,
    seed: params.seed,
    ...params.looks_by === 'truth' ? { truth } : {},
    ...params.cost_law === 'none' ? {} : { cost: { law: params.cost_law, index: params.cost_index } },
    votesTwice: params.sabotage === 'vote-twice',
    isHurried: params.sabotage === 'hurry'
  }
}

/** Of each contribution, by its CID, where it stands in the corpus, and whether it is of the peer that is lied about. */
type Places = Map<string, { position: number, isTarget: boolean }>

interface Study {
  readonly context: InstanceContext
  readonly params: ValidationParams
  readonly gathering: Gathering
  readonly cluster: Cluster
  readonly voter: Voter
  readonly posted: readonly Posted[]
  readonly identities: Identities
  readonly laundry: Laundry
  readonly isSound: readonly boolean[]
}

async function digestsOf (items: readonly CorpusItem[]): Promise<ReadonlySet<string>> {
  return new Set(await Promise.all(items.map(async (item) => createHash('sha256').update(await item.bytes()).digest('hex'))))
}

function strategyOptions (params: ValidationParams, preTrusted: () => string[]): StrategyOptions {
  const { wait_ms: waitMs, sample_size: sampleSize, audit_share: auditShare, first_peersdb: first } = params
  const faults = { validatesPastDeadline: first, countsEveryVote: first, zeroVotesMeanSelf: first }
  const sampled = { waitMs, sampleSize }
  return {
    peersdb: { waitMs, ...faults },
    majority: { waitMs },
    quorum: sampled,
    cached: sampled,
    reputation: { ...sampled, auditShare },
    eigentrust: { ...sampled, auditShare, preTrusted },
    committee: { waitMs, size: sampleSize },
    spotCheck: { ...sampled, checkShare: auditShare }
  }
}

/** Looks before anybody asks. */
async function look (context: InstanceContext, params: ValidationParams, cluster: Cluster, posted: readonly Posted[]): Promise<void> {
  await lookAt(context, params, cluster, posted)
  await context.phase('looked')
}

/**
 * A voter looks at what it contributed, as in the first PeersDB, or at everything; or at nothing here, where it looks as its strategy has
 * it, when something arrives or when it is asked.
 */
async function lookAt (context: InstanceContext, { looks }: ValidationParams, { peer }: Cluster, posted: readonly Posted[]): Promise<void> {
  for (const { cid } of posted.filter(({ from }) => looks === 'all' || (looks === 'own' && from === context.index))) {
    await peer.validate(cid, { strategy: 'self-lazy', signal: context.signal })
  }
}

/** Decides on one part after another, between which those that do so become somebody else. */
async function decide (study: Study): Promise<Array<Verdict | undefined>> {
  const { context, params, cluster, posted, isSound, laundry, identities } = study
  const most = params.sabotage === 'report-early' ? Math.floor(posted.length / 2) : posted.length
  const parts = laundry.rounds + 1
  const verdicts: Array<Verdict | undefined> = []

  for (let part = 0; part < parts; part++) {
    const to = Math.floor(posted.length * (part + 1) / parts)
    const range = { from: verdicts.length, to: Math.min(most, to) }
    const decided = await decideOn(context, cluster, posted, { ...range, strategy: params.strategy, atOnce: params.decisions_at_once })
    verdicts.push(...decided, ...Array<undefined>(to - verdicts.length - decided.length))

    if (part < laundry.rounds) {
      await waitForWashers(context, laundry, identities, part)
    }
  }

  recordVerdicts(context, verdicts, isSound)
  return verdicts
}

/** Records what came of it, tells the others, and judges what all tell. */
async function compare (study: Study, verdicts: ReadonlyArray<Verdict | undefined>): Promise<Error | undefined> {
  const { context, params, gathering: { members, patienceMs }, voter, isSound, identities } = study
  const letters = lettersOf(verdicts)
  const rates = letters === '' ? {} : ratesOf(letters, isSound)
  recordOutcome(study, verdicts, rates)
  const report: ValidationReport = {
    index: context.index,
    verdicts: letters,
    rates,
    looks: { ...voter.looks },
    isSound: params.behaviour === 'honest' && params.error_rate === 0,
    stuffs: params.behaviour === 'sybil'
  }
  await context.sync.publish('validations', report)
  await reach(context, study.gathering, 'decided', members.all.length)
  const reports = await context.sync.collect<ValidationReport>('validations', members.all.length, patienceMs)
  return judgeValidation({
    strategy: params.strategy,
    members: members.all,
    reports,
    verdicts: verdicts.filter((verdict) => verdict != null),
    memberOf: identities.memberOf,
    isSound,
    ...params.cost_law === 'none' ? {} : { cost: { law: params.cost_law, index: params.cost_index } },
    looksFindTruth: params.looks_by === 'truth' && !params.first_peersdb
  })
}

function recordOutcome (study: Study, verdicts: ReadonlyArray<Verdict | undefined>, rates: Rates): void {
  const { context: { record }, params, voter, posted } = study
  const tags = { strategy: params.strategy }
  const sum = (part: 'messages' | 'bytes'): number => verdicts.reduce((total, verdict) => total + (verdict?.[part] ?? 0), 0)

  for (const [name, rate] of [
    ['false_accept_rate', rates.falseAccept], ['false_reject_rate', rates.falseReject], ['undecided_rate', rates.undecided]
  ] as const) {
    if (rate != null) {
      record.metric(name, rate, tags)
    }
  }

  if (verdicts.length > 0) {
    record.metric('validation_messages', sum('messages'), tags, { bytes: sum('bytes'), contributions: posted.length })
  }

  record.metric('validations_computed', voter.looks.count, { ...tags, role: params.role },
    { contributions: posted.length, cost_ms: voter.looks.takenMs })
}
