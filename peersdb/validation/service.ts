import { realClock } from './clock.ts'
import { createCounters } from './counters.ts'
import { answerRequest } from './responder.ts'
import { createRunHistory } from './run-history.ts'
import { createStrategies } from './strategies.ts'
import { trustRowOf } from './trust-row.ts'
import { createValidator } from './validator.ts'
import { createVerdictStore } from './verdict-store.ts'
import { VoteProtocol } from './vote-protocol.ts'
import type { CounterRow } from '../api.ts'
import type { Contribution } from '../contribution.ts'
import type { ValidationClock } from './clock.ts'
import type { Counters } from './counters.ts'
import type { TrustRow } from './eigen-trust.ts'
import type { ValidationHost } from './host.ts'
import type { RateInit } from './rate.ts'
import type { Answer } from './responder.ts'
import type { StrategyOptions } from './strategies.ts'
import type { Strategy } from './strategy.ts'
import type { Validator, ValidatorOptions } from './validator.ts'
import type { StrategyName, Verdict } from './verdict.ts'
import type { ValidationValues, VerdictStore } from './verdict-store.ts'
import type { VotingLibp2p } from './vote-protocol.ts'
import type { PrivateKey } from '@libp2p/interface'

/** What of validation can be other than by default. */
export interface ValidationSettings {
  /** Options of the strategies. */
  options?: StrategyOptions
  /** What looks at contributions, or options for the one that knows performance data. */
  validator?: Validator | ValidatorOptions
  /** How requests for votes are answered; by default with what this peer found out by itself. Made for studies of peers that lie. */
  answer?: Answer
  /** Whom it tells others that it trusts; by default those that were right by what it found out. Made for the same studies. */
  trust?: () => TrustRow
}

export interface ValidationInit extends ValidationSettings {
  libp2p: VotingLibp2p
  /** The Ed25519 key of the libp2p node's peer id. */
  privateKey: PrivateKey
  /** Where verdicts are kept. */
  values: ValidationValues
  files: ValidationHost['files']
  /** A contribution of the shared log; never a private one, because asking about it would tell others of it. */
  contribution: ValidationHost['contribution']
  /** Something went wrong in the background. */
  onError: (err: Error) => void
  /** What decides where a call names no other; by default `self-lazy`. */
  strategy?: StrategyName
  /** How many requests for votes another peer may send; by default 50 a second and 500 at once. */
  rate?: RateInit
  clock?: ValidationClock
  random?: () => number
}

export interface Validation {
  start (): Promise<void>
  stop (): Promise<void>
  /** Comes to a verdict; rejects only when the signal is aborted or the peer stops. */
  decide (cid: string, options?: { strategy?: StrategyName, signal?: AbortSignal }): Promise<Verdict>
  /** The verdicts that are kept. */
  verdicts (): Verdict[]
  /** A contribution arrived; a strategy that decides on arrival begins to. */
  onContribution (contribution: Contribution): void
  counters (): CounterRow[]
}

/** How many contributions are looked at on arrival at a time. */
const arrivalsAtOnce = 4

/**
 * The validation of one peer: its strategies, its verdicts, and its answers to those who ask.
 *
 * @throws {ValidationOptionError} where options contradict each other
 */
export function createValidation (init: ValidationInit): Validation {
  return new ValidationService(init)
}

class ValidationService implements Validation {
  readonly #strategy: Strategy
  readonly #strategies: Record<StrategyName, Strategy>
  readonly #store: VerdictStore
  readonly #host: ValidationHost
  readonly #protocol: VoteProtocol
  readonly #counters: Counters = createCounters()
  readonly #onError: (err: Error) => void
  readonly #stopped = new AbortController()
  readonly #arrived: string[] = []
  readonly #deciding = new Set<Promise<void>>()

  constructor (init: ValidationInit) {
    const validator = typeof init.validator === 'function' ? init.validator : createValidator(init.validator)
    const clock = init.clock ?? realClock
    this.#strategies = createStrategies(validator, init.options)
    this.#strategy = this.#strategies[init.strategy ?? 'self-lazy']
    this.#store = createVerdictStore(init.values)
    this.#onError = init.onError
    this.#protocol = new VoteProtocol({
      libp2p: init.libp2p,
      answer: (request) => (init.answer ?? answerRequest)(request, this.#host),
      trust: init.trust ?? (() => trustRowOf(this.#store)),
      rate: init.rate ?? { perSecond: 50, burst: 500 },
      nowMs: () => clock.nowMs(),
      counters: this.#counters,
      onError: init.onError
    })
    this.#host = {
      id: init.libp2p.peerId.toString(),
      store: this.#store,
      history: createRunHistory(init.values),
      clock,
      sign: async (bytes) => init.privateKey.sign(bytes),
      connectedPeers: () => this.#protocol.peers(),
      askVotes: (peerId, request, options) => this.#protocol.ask(peerId, request, options),
      lookOnDuty: (cid) => this.#lookOnDuty(cid),
      files: init.files,
      contribution: init.contribution,
      random: init.random ?? Math.random,
      onRefused: (_peerId, reason) => { this.#counters.increment('validation_votes_refused', { reason }) },
      onUnanswered: () => { this.#counters.increment('validation_requests_unanswered') }
    }
  }

  async start (): Promise<void> {
    await this.#protocol.start()
  }

  async stop (): Promise<void> {
    this.#stopped.abort()
    this.#arrived.length = 0
    await this.#protocol.stop()
    await Promise.all(this.#deciding)
  }

  async decide (cid: string, options: { strategy?: StrategyName, signal?: AbortSignal } = {}): Promise<Verdict> {
    const strategy = options.strategy == null ? this.#strategy : this.#strategies[options.strategy]
    const signal = AbortSignal.any([this.#stopped.signal, ...options.signal == null ? [] : [options.signal]])
    const verdict = await strategy.decide(cid, this.#host, { signal })
    this.#counters.increment('validation_verdicts', { strategy: strategy.name, verdict: verdict.verdict })
    return verdict
  }

  verdicts (): Verdict[] {
    return this.#store.list()
  }

  onContribution ({ cid }: Contribution): void {
    if (!this.#stopped.signal.aborted && this.#strategy.isDuty(cid, this.#host)) {
      this.#arrived.push(cid)
      this.#decideOnArrived()
    }
  }

  counters (): CounterRow[] {
    return this.#counters.rows()
  }

  /** Looks once only, so that nobody makes this peer try again and again what it cannot tell. */
  async #lookOnDuty (cid: string): Promise<void> {
    const lazy = this.#strategies['self-lazy']

    if (this.#store.own(cid) == null && this.#store.get(cid, lazy.name) == null && this.#strategy.isDuty(cid, this.#host)) {
      await lazy.decide(cid, this.#host, { signal: this.#stopped.signal })
    }
  }

  #decideOnArrived (): void {
    while (this.#deciding.size < arrivalsAtOnce) {
      const cid = this.#arrived.shift()

      if (cid == null) {
        return
      }

      const deciding = this.decide(cid).then(() => {}, (err: unknown) => {
        if (!this.#stopped.signal.aborted) {
          this.#onError(err as Error)
        }
      }).finally(() => {
        this.#deciding.delete(deciding)
        this.#decideOnArrived()
      })
      this.#deciding.add(deciding)
    }
  }
}
