import { randomUUID } from 'node:crypto'
import { orAborted } from './clock.ts'
import { createTally } from './tally.ts'
import type { ValidationHost } from './host.ts'
import type { Tally } from './tally.ts'
import type { VoteRequest } from './vote.ts'

export interface PollInit {
  cid: string
  host: ValidationHost
  /** Whom to ask, all at once. */
  peers: string[]
  /** The longest wait for answers, in milliseconds. */
  waitMs: number
  /** Whether the wait is always as long, even after everyone answered. */
  waitsOut?: boolean
  /** Asks for votes that others can be shown, of these voters, that are valid for so long. */
  collect?: { voters: ReadonlySet<string>, ttlMs: number }
  countsEverything?: boolean
  /** Whether more votes would change nothing, `outstanding` peers not having answered yet. */
  isDecided?: (tally: Tally, outstanding: number) => boolean
}

export interface PollResult {
  tally: Tally
  /** Requests that were sent. */
  messages: number
}

/** How much longer than the wait a vote on a request is valid; it covers peers whose clocks are ahead. */
const graceMs = 60_000

/** Asks peers for their votes until the outcome is certain, everyone answered, or the time is over. */
export async function poll (init: PollInit, signal: AbortSignal): Promise<PollResult> {
  const { host, peers } = init
  signal.throwIfAborted()
  const request = requestOf(init)
  const tally = createTally({
    request,
    voters: init.collect?.voters ?? new Set(peers),
    nowMs: () => host.clock.nowMs(),
    countsEverything: init.countsEverything,
    onRefused: (peerId, refusal) => { host.onRefused?.(peerId, refusal) }
  })
  const ended = new AbortController()
  const asking = AbortSignal.any([signal, ended.signal])
  const decided = Promise.withResolvers<void>()
  let outstanding = peers.length

  const ask = async (peerId: string): Promise<void> => {
    try {
      const votes = await host.askVotes(peerId, request, { signal: asking })

      // What arrives after the end changes nothing any more.
      if (!ended.signal.aborted) {
        await tally.admit(peerId, votes)
      }
    } catch (err) {
      if (!asking.aborted) {
        host.onUnanswered?.(peerId, err as Error)
      }
    }

    outstanding--

    if (init.waitsOut !== true && (outstanding === 0 || init.isDecided?.(tally, outstanding) === true)) {
      decided.resolve()
    }
  }

  if (peers.length === 0 && init.waitsOut !== true) {
    return { tally, messages: 0 }
  }

  try {
    const timeUp = host.clock.after(init.waitMs, asking)
    peers.forEach((peerId) => { void ask(peerId) })
    await orAborted(Promise.race([timeUp, decided.promise]), signal)
  } finally {
    ended.abort()
  }

  return { tally, messages: peers.length }
}

function requestOf ({ cid, host, waitMs, collect }: PollInit): VoteRequest {
  const nowMs = Math.floor(host.clock.nowMs())
  return collect == null
    ? { cid, requestId: randomUUID(), expiresAtMs: nowMs + waitMs + graceMs, collected: false }
    : { cid, requestId: '', expiresAtMs: nowMs + collect.ttlMs, collected: true }
}
