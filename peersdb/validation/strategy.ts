import { within } from './clock.ts'
import { poll } from './poll.ts'
import type { ValidationHost } from './host.ts'
import type { PollInit, PollResult } from './poll.ts'
import type { Examination, Validator } from './validator.ts'
import type { StrategyName, Verdict } from './verdict.ts'
import type { KeptVerdict } from './verdict-store.ts'
import type { Contribution } from '../contribution.ts'
import type { Queue } from '@libp2p/utils'

/** A way to find out whether a contribution is good. */
export interface Strategy {
  readonly name: StrategyName
  /** Whether a peer looks at a contribution as it arrives, or when another one asks for its vote, before anybody wants a verdict here. */
  isDuty (cid: string, host: ValidationHost): boolean
  /** Comes to a verdict and keeps it in the host's store; a verdict that is kept there already may be given instead. */
  decide (cid: string, host: ValidationHost, options: { signal: AbortSignal }): Promise<KeptVerdict>
}

/** What every strategy may need. */
export interface StrategyInit {
  validator: Validator
  /** The most time for reading and looking at one contribution, in milliseconds. */
  examineMs: number
  /** The looks that are under way: whoever wants the same one waits for it. */
  looks: Queue<Examination, LookOptions>
}

interface LookOptions {
  signal: AbortSignal
  cid: string
}

/** What a strategy comes to; the rest of the verdict is bookkeeping. */
export interface Outcome {
  verdict: Verdict['verdict']
  reasons: string[]
  selfDetermined: boolean
  poll?: PollResult
}

/** What a strategy works with while it decides on one contribution. */
export interface Trial {
  readonly cid: string
  readonly host: ValidationHost
  readonly signal: AbortSignal
  /** Looks at the content here. Content that cannot be read leaves the verdict undecided. */
  examine (options?: { signal?: AbortSignal }): Promise<Outcome>
  /** Asks peers. */
  poll (init: Omit<PollInit, 'cid' | 'host'>): Promise<PollResult>
}

/** Which kept verdicts a strategy gives again: any that fits, what this peer found out by itself, what this strategy came to, or none. */
export type Recall = 'any' | 'own' | 'same' | 'none'

/** Makes a strategy of its rule. */
export function defineStrategy (
  init: StrategyInit & { name: StrategyName, recall: Recall, isDuty?: Strategy['isDuty'] },
  rule: (trial: Trial) => Promise<Outcome>
): Strategy {
  const { name, recall, isDuty = () => false } = init

  return {
    name,
    isDuty,
    decide: async (cid, host, { signal }) => {
      signal.throwIfAborted()
      const kept = recalled(recall, name, cid, host)

      if (kept != null) {
        return kept
      }

      const startedMs = host.clock.nowMs()
      const trial: Trial = {
        cid, host, signal,
        examine: async (options = {}) => {
          const examined = await examine(cid, host, init, options.signal ?? signal)
          signal.throwIfAborted()

          // Others that ask are told at once, though a vote may still go on here.
          if (examined.selfDetermined) {
            host.store.put(verdictOf(examined, { cid, name, startedMs, endedMs: host.clock.nowMs() }))
          }

          return examined
        },
        poll: (pollInit) => poll({ ...pollInit, cid, host }, signal)
      }
      const outcome = host.contribution(cid) == null ? notShared : await rule(trial)
      const verdict = verdictOf(outcome, { cid, name, startedMs, endedMs: host.clock.nowMs() })

      if (outcome !== notShared) {
        host.store.put(verdict)
      }

      return verdict
    }
  }
}

function verdictOf (
  { verdict, reasons, selfDetermined, poll: asked }: Outcome,
  { cid, name, startedMs, endedMs }: { cid: string, name: StrategyName, startedMs: number, endedMs: number }
): KeptVerdict {
  return {
    cid,
    verdict,
    strategy: name,
    decidedAt: new Date(endedMs).toISOString(),
    elapsedMs: Math.max(0, endedMs - startedMs),
    reasons: [...reasons, ...refusals(asked)],
    votes: asked?.tally.votes.slice() ?? [],
    messages: asked?.messages ?? 0,
    bytes: asked?.bytes ?? 0,
    selfDetermined
  }
}

const notShared: Outcome = {
  verdict: 'undecided',
  reasons: ['no contribution of the shared log that is known here has this CID'],
  selfDetermined: false
}

function recalled (recall: Recall, name: StrategyName, cid: string, host: ValidationHost): KeptVerdict | undefined {
  if (recall === 'none') {
    return undefined
  }

  const own = recall === 'same' ? undefined : host.store.own(cid)
  const kept = own ?? (recall === 'own' ? undefined : host.store.get(cid, name))
  return kept?.verdict === 'undecided' ? undefined : kept
}

function refusals (result?: PollResult): string[] {
  const refused = Object.entries(result?.tally.refused ?? {})
  return refused.length === 0 ? [] : [`votes not counted: ${refused.map(([kind, count]) => `${count} ${kind}`).join(', ')}`]
}

async function examine (cid: string, host: ValidationHost, init: StrategyInit, signal: AbortSignal): Promise<Outcome> {
  const contribution = host.contribution(cid)

  if (contribution == null) {
    return notShared
  }

  let examination: Examination

  try {
    examination = await look(contribution, host, init, signal)
  } catch (err) {
    return { verdict: 'undecided', reasons: [`it could not be looked at: ${(err as Error).message.slice(0, 256)}`], selfDetermined: false }
  }

  const { verdict, reasons, sha256, runs } = examination

  if (verdict === 'valid') {
    host.history.add(cid, sha256, runs)
  }

  return { verdict, reasons, selfDetermined: verdict !== 'undecided' }
}

/** Looks at the content, together with all others that want to know the same now; ends when none of them does any more. */
async function look (contribution: Contribution, host: ValidationHost, init: StrategyInit, signal: AbortSignal): Promise<Examination> {
  const { validator, examineMs, looks } = init
  const { cid } = contribution
  const wanted = { cid, signal }
  const underWay = looks.queue.find(({ options, status }) => options?.cid === cid && status === 'running')
  signal.throwIfAborted()
  return underWay?.join(wanted) ?? looks.add(({ signal: looking }) =>
    within({ clock: host.clock, ms: examineMs, what: `validating ${cid}` }, looking, (limited) => {
      limited.throwIfAborted()
      const files = host.files(cid, { signal: limited })
      return validator({ contribution, files, history: host.history, nowMs: host.clock.nowMs() }, { signal: limited })
    }), wanted)
}

/** What the voters said, as a sentence. */
export function spoken ({ tally, messages }: PollResult): string {
  return `${tally.yes} voted valid and ${tally.no} invalid of ${messages} asked`
}

/** So many different elements, each equally likely; all of them where there are not more (Fisher and Yates). */
export function sample<T> (values: readonly T[], count: number, random: () => number): T[] {
  const rest = [...values]
  const drawn: T[] = []

  while (drawn.length < count && rest.length > 0) {
    drawn.push(...rest.splice(Math.floor(random() * rest.length), 1))
  }

  return drawn
}
