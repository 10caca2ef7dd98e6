import { createHash } from 'node:crypto'
import { ParameterError } from '../errors.ts'
import { openExecutions } from '../executions/executions.ts'
import { withFlaws } from '../executions/flaws.ts'
import { decideOnArrival } from '../executions/verdicts.ts'
import { readParams } from '../params.ts'
import { phaseState } from '../phases.ts'
import { fill, found, gather, judgeAndClose, reach } from '../replicate.ts'
import { decideOnAll, lettersOf, recordVerdicts } from '../validation/decide.ts'
import { judgeValidation } from '../validation/judge.ts'
import { ratesOf, soundness } from '../validation/report.ts'
import { createVoter } from '../validation/voter.ts'
import { checkGroups, countRole } from './case.ts'
import type { Address, Cluster } from '../cluster.ts'
import type { InstanceContext } from '../context.ts'
import type { CorpusItem } from '../corpus/index.ts'
import type { Member } from '../members.ts'
import type { Params } from '../params.ts'
import type { Gathering } from '../replicate.ts'
import type { Rates, ValidationReport } from '../validation/report.ts'
import type { Voter } from '../validation/voter.ts'
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
    const places: Places = new Map()
    const voter = createVoter(context, {
      behaviour: params.behaviour,
      errorRate: params.error_rate,
      seed: params.seed,
      ...params.looks_by === 'truth' ? { truth } : {},
      ...params.cost_law === 'none' ? {} : { cost: { law: params.cost_law, index: params.cost_index } },
      placeOf: (cid) => places.get(cid) ?? { position: 0, isTarget: false },
      votesTwice: params.sabotage === 'vote-twice',
      isHurried: params.sabotage === 'hurry'
    })
    const { validator, answer } = voter
    const cluster = await found(context, gathering, all, { validation: { validator, answer, options: strategyOptions(params) } })
    const asks = self.role === 'asker'
    const arrived = asks && params.strategy === 'self-eager' ? decideOnArrival(context, cluster, params.strategy) : undefined
    const posted = await fill(context, gathering, cluster, withRole('voter'))
    posted.forEach(({ cid, from }, i) => places.set(cid, { position: i / posted.length, isTarget: from === withRole('voter')[0]?.index }))
    await reach(context, gathering, 'filled', all.length)
    await (asks ? arrived?.settled() : look(context, params, cluster, posted))
    await context.sync.barrier(phaseState('looked'), withRole('voter').length, gathering.patienceMs)
    const study = { context, params, gathering, cluster, voter, posted, isSound: soundness(posted, truth) }
    const verdicts = asks ? await decide(study) : []
    const failure = await compare(study, verdicts)
    await judgeAndClose(context, gathering, cluster, posted, failure)
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
  readonly isSound: readonly boolean[]
}

async function digestsOf (items: readonly CorpusItem[]): Promise<ReadonlySet<string>> {
  return new Set(await Promise.all(items.map(async (item) => createHash('sha256').update(await item.bytes()).digest('hex'))))
}

function strategyOptions ({ wait_ms: waitMs, sample_size: sampleSize, first_peersdb: first }: ValidationParams): StrategyOptions {
  const faults = { validatesPastDeadline: first, countsEveryVote: first, zeroVotesMeanSelf: first }
  const sampled = { waitMs, sampleSize }
  return { peersdb: { waitMs, ...faults }, majority: { waitMs }, quorum: sampled, reputation: sampled, cached: sampled }
}

/** A voter looks at what it contributed, as in the first PeersDB, or at everything, before anybody asks it. */
async function look (context: InstanceContext, { looks }: ValidationParams, { peer }: Cluster, posted: readonly Posted[]): Promise<void> {
  for (const { cid } of posted.filter(({ from }) => looks === 'all' || from === context.index)) {
    await peer.validate(cid, { strategy: 'self-lazy', signal: context.signal })
  }

  await context.phase('looked')
}

async function decide ({ context, params, cluster, posted, isSound }: Study): Promise<Array<Verdict | undefined>> {
  const verdicts = await decideOnAll(context, cluster, posted, {
    strategy: params.strategy,
    atOnce: params.decisions_at_once,
    ...params.sabotage === 'report-early' ? { most: Math.floor(posted.length / 2) } : {}
  })
  recordVerdicts(context, verdicts, isSound)
  return verdicts
}

/** Records what came of it, tells the others, and judges what all tell. */
async function compare (study: Study, verdicts: ReadonlyArray<Verdict | undefined>): Promise<Error | undefined> {
  const { context, params, gathering: { members, patienceMs }, voter, isSound } = study
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
  const addresses = await context.sync.collect<Address>('addresses', members.all.length, patienceMs)
  const byPeerId = new Map(addresses.map(({ peerId, index }) => [peerId, members.all[index] as Member]))
  return judgeValidation({
    strategy: params.strategy,
    members: members.all,
    reports,
    verdicts: verdicts.filter((verdict) => verdict != null),
    memberOf: (peerId) => byPeerId.get(peerId),
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
