import { JudgementError } from '../errors.ts'
import { costToleranceMs, expectedCostMs } from './cost.ts'
import { ratesOf } from './report.ts'
import type { Member } from '../members.ts'
import type { CostLaw } from './cost.ts'
import type { ValidationReport } from './report.ts'
import type { StrategyName, Verdict } from '../../peersdb/index.ts'

export interface ValidationEvidence {
  readonly strategy: StrategyName
  readonly members: readonly Member[]
  readonly reports: readonly ValidationReport[]
  /** The verdicts of this instance. */
  readonly verdicts: readonly Verdict[]
  readonly memberOf: (peerId: string) => Member | undefined
  readonly isSound: readonly boolean[]
  readonly cost?: { readonly law: CostLaw, readonly index: number } | undefined
  /** Whether who looks at a file finds the truth. */
  readonly looksFindTruth: boolean
}

/** @returns the sentence of the first thing that cannot be, where there is one */
export function judgeValidation (evidence: ValidationEvidence): JudgementError | undefined {
  const sentence = stuffedVotes(evidence) ?? wrongReports(evidence) ?? wrongVerdicts(evidence) ?? wrongCosts(evidence)
  return sentence == null ? undefined : new JudgementError(sentence)
}

/** Each voter counts once, and who votes more often than that was to do so. */
function stuffedVotes ({ strategy, verdicts, memberOf, reports }: ValidationEvidence): string | undefined {
  for (const { cid, votes } of verdicts) {
    const counted = votes.filter((vote) => vote.counted).map(({ voter }) => voter)
    const twice = counted.find((voter, i) => counted.indexOf(voter) !== i)

    if (twice != null) {
      return `${nameOf(memberOf(twice), twice)} counts more than once in the verdict on ${cid}`
    }

    // Votes that are passed on come from several peers, so that the same one may come again without any fault.
    const refused = strategy === 'cached' ? undefined : votes.find((vote) => !vote.counted)

    if (refused != null && !reports.some(({ stuffs }) => stuffs)) {
      return `a vote of ${nameOf(memberOf(refused.voter), refused.voter)} on ${cid} was not counted, because it voted twice or in another's name, ` +
        'where the composition has no peer that does'
    }
  }
}

/** Who decides reports a verdict on everything, and the rates that follow from those. */
function wrongReports ({ members, reports, isSound }: ValidationEvidence): string | undefined {
  for (const { index, verdicts, rates } of reports.filter((report) => report.verdicts !== '')) {
    const who = nameOf(members[index], String(index))
    const decided = [...verdicts].filter((letter) => letter !== '-').length

    if (decided !== isSound.length) {
      return `${who} reported after it had decided on ${decided} of ${isSound.length} contributions`
    }

    if (JSON.stringify(ratesOf(verdicts, isSound)) !== JSON.stringify(rates)) {
      return `${who} reported rates of wrong verdicts that do not follow from its verdicts`
    }
  }
}

/** What has to be so by what the strategies are, where nobody lies. */
function wrongVerdicts ({ strategy, members, reports, isSound, looksFindTruth }: ValidationEvidence): string | undefined {
  const isHonest = reports.every((report) => report.isSound)
  const truth = isSound.map((sound) => sound ? 'v' : 'i').join('')

  for (const { index, verdicts } of reports.filter((report) => report.verdicts !== '')) {
    const who = nameOf(members[index], String(index))

    if (strategy === 'none' && /[^v]/.test(verdicts)) {
      return `${who} does not take everything for valid, with the strategy none`
    }

    if (looksFindTruth && isHonest && strategy !== 'none') {
      const wrong = [...verdicts].findIndex((letter, i) => letter !== 'u' && letter !== truth[i])

      if (wrong !== -1) {
        return `${who} is wrong about contribution ${wrong}, though nobody lied and no look was mistaken`
      }
    }
  }
}

/** What looks cost has the mean that its law has, and everyone paid it. */
function wrongCosts ({ cost, reports, members }: ValidationEvidence): string | undefined {
  const count = reports.reduce((total, { looks }) => total + looks.count, 0)

  if (cost == null || count === 0) {
    return undefined
  }

  const drawn = reports.reduce((total, { looks }) => total + looks.drawnMs, 0) / count
  const expected = expectedCostMs(cost.law, cost.index)

  if (Math.abs(drawn - expected) > costToleranceMs(cost.law, cost.index, count)) {
    return `${count} validations were to cost ${drawn.toFixed(3)} ms on average, where the ${cost.law} law gives ${expected.toFixed(3)} ms`
  }

  for (const { index, looks } of reports) {
    // A timer of a real clock may come a fraction of a millisecond early, never more.
    if (looks.takenMs < looks.drawnMs - looks.count) {
      return `${nameOf(members[index], String(index))} spent ${looks.takenMs.toFixed(3)} ms on ${looks.count} validations that were to cost ` +
        `${looks.drawnMs} ms`
    }
  }
}

function nameOf (member: Member | undefined, otherwise: string): string {
  return member == null ? `a peer that is none of this run (${otherwise})` : `instance ${member.index} (${member.name})`
}
