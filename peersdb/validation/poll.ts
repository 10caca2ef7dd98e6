import { randomUUID } from 'node:crypto'
import { orAborted } from './clock.ts'
import { createTally } from './tally.ts'
import type { TrustRow } from './eigen-trust.ts'
import type { ValidationHost } from './host.ts'
import type { Tally } from './tally.ts'
import type { VoteRequest } from './vote.ts'

export interface PollInit {
  cid: string
  host: ValidationHost
  /** Whom to ask, all at once. */
  peers: string[]
  /**
   * Who is asked, one after the other, in place of a peer that has no vote to give, or has given none after so many milliseconds; then
   * the vote of that peer does not count any more.
   */
  reserves?: { peers: string[], afterMs: number }
  /** The longest wait for answers, in milliseconds. */
  waitMs: number
  /** Whether the wait is always as long, even after everyone answered. */
  waitsOut?: boolean
  /** Asks for votes that others can be shown, of these voters, that are valid for so long. */
  collect?: { voters: ReadonlySet<string>, ttlMs: number }
  /** Asks whom the peers trust, too. */
  onTrust?: (peerId: string, row: TrustRow) => void
  countsEverything?: boolean
  /** Whether more votes would change nothing, `outstanding` peers not having answered yet. */
  isDecided?: (tally: Tally, outstanding: number) => boolean
}

export interface PollResult {
  tally: Tally
  /** Requests that were sent. */
  messages: number
  /** Of all that was answered, as it is on the wire. */
  bytes: number
}

/** How much longer than the wait a vote on a request is valid; it covers peers whose clocks are ahead. */
const graceMs = 60_000

/** Asks peers for their votes until the outcome is certain, everyone answered, or the time is over. */
export async function poll (init: PollInit, signal: AbortSignal): Promise<PollResult> {
  const { host, peers, reserves } = init
  signal.throwIfAborted()
  const ended = new AbortController()
  const asking = AbortSignal.any([signal, ended.signal])
  const decided = Promise.withResolvers<void>()
  const waiting = [...reserves?.peers ?? []]
  const questions = createQuestions(init, asking)
  let outstanding = peers.length

  const fillSeat = async (peerId: string): Promise<void> => {
    for (let asked: string | undefined = peerId; asked != null && !await hasVoted(asked); asked = waiting.shift()) {
      // The next one is asked in its place.
    }

    outstanding--

    if (init.waitsOut !== true && (outstanding === 0 || init.isDecided?.(questions.tally, outstanding) === true)) {
      decided.resolve()
    }
  }

  const hasVoted = async (peerId: string): Promise<boolean> => {
    const replaced = new AbortController()
    const answered = new AbortController()

    if (reserves != null) {
      host.clock.after(reserves.afterMs, AbortSignal.any([asking, answered.signal])).then(() => {
        if (waiting.length > 0) {
          replaced.abort(new Error(`peer ${peerId} gave no vote in ${reserves.afterMs} ms; another one is asked`))
        }
      }, () => {
        // It answered, or nobody waits any more.
      })
    }

    const voted = await questions.ask(peerId, AbortSignal.any([asking, replaced.signal]))
    answered.abort()
    return voted || asking.aborted
  }

  if (peers.length > 0 || init.waitsOut === true) {
    try {
      const timeUp = host.clock.after(init.waitMs, asking)
      peers.forEach((peerId) => { void fillSeat(peerId) })
      await orAborted(Promise.race([timeUp, decided.promise]), signal)
    } finally {
      ended.abort()
    }
  }

  return questions.result()
}

/** Asks peers one by one, and counts what they say. */
function createQuestions (init: PollInit, asking: AbortSignal) {
  const { host, peers, reserves, onTrust } = init
  const request = requestOf(init)
  const tally = createTally({
    request,
    voters: init.collect?.voters ?? new Set([...peers, ...reserves?.peers ?? []]),
    nowMs: () => host.clock.nowMs(),
    countsEverything: init.countsEverything,
    onRefused: (peerId, refusal) => { host.onRefused?.(peerId, refusal) }
  })
  let messages = 0
  let trustBytes = 0

  return {
    tally,
    result: (): PollResult => ({ tally, messages, bytes: tally.bytes + trustBytes }),
    /** @returns whether it has brought a vote that counts */
    ask: async (peerId: string, signal: AbortSignal): Promise<boolean> => {
      try {
        const votes = await orAborted(host.askVotes(peerId, request, {
          signal,
          onSent: () => { messages++ },
          onTrust: (row, bytes) => {
            trustBytes += bytes

            if (!signal.aborted) {
              onTrust?.(peerId, row)
            }
          }
        }), signal)

        // What arrives after the end, or from who was replaced, changes nothing any more.
        if (!signal.aborted) {
          await tally.admit(peerId, votes)
        }
      } catch (err) {
        if (!asking.aborted) {
          host.onUnanswered?.(peerId, err as Error)
        }
      }

      return tally.counted.some(({ voter }) => voter === peerId)
    }
  }
}

function requestOf ({ cid, host, waitMs, collect, onTrust }: PollInit): VoteRequest {
  const nowMs = Math.floor(host.clock.nowMs())
  return collect == null
    ? { cid, requestId: randomUUID(), expiresAtMs: nowMs + waitMs + graceMs, collected: false, ...onTrust == null ? {} : { trust: true } }
    : { cid, requestId: '', expiresAtMs: nowMs + collect.ttlMs, collected: true }
}
