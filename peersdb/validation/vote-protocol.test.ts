import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { askRaw, connect, counted, framesOf, request, startHostile, startNode, startPeer } from './service.test-helper.ts'
import { decodeTrust } from './trust-row.ts'
import { createVerdictStore, memoryValues } from './verdict-store.ts'
import { decodeVotes, encodeRequest, encodeVotes } from './vote.ts'
import { cid, contributionOf, oracle, voteOf } from './world.test-helper.ts'
import type { StrategyOptions } from './strategies.ts'
import type { Validator } from './validator.ts'

const contribution = (asked: string) => contributionOf({ cid: asked })
const cids = Array.from({ length: 60 }, (_, i) => `cid ${i}`)
const options: StrategyOptions = { majority: { votersMin: 1, waitMs: 60_000 } }

describe('a peer that asks', () => {
  it('for more votes at once than another one serves waits, and gets all of them', async () => {
    const voter = await startPeer({ contribution })
    await Promise.all(cids.map((each) => voter.validation.decide(each)))
    const asking = await startPeer({ contribution, options, strategy: 'majority', validator: oracle('invalid') })
    await connect(asking, [voter])

    const verdicts = await Promise.all(cids.map((each) => asking.validation.decide(each)))
    expect(verdicts.map(({ verdict }) => verdict)).toEqual(cids.map(() => 'valid'))
    expect(verdicts.every(({ messages }) => messages === 1)).toBe(true)
    expect(asking.validation.counters().filter(({ name }) => name === 'validation_requests_unanswered')).toEqual([])
  })

  it('waits no longer than its caller, and sends nothing afterwards', async () => {
    const caller = new AbortController()
    const enough = new Error('that is enough')
    let served = 0
    const silent = await startHostile(async () => {
      if (++served === 4) {
        caller.abort(enough)
      }
    })
    const asking = await startPeer({ contribution, strategy: 'majority' })
    await connect(asking, [silent])

    const outcomes = await Promise.allSettled(cids.slice(0, 20).map((each) => asking.validation.decide(each, { signal: caller.signal })))
    expect(outcomes.map((outcome) => outcome.status === 'rejected' ? outcome.reason as Error : undefined)).toEqual(Array(20).fill(enough))
    await asking.validation.stop()
    expect(served).toBe(4)
    expect(asking.validation.counters().find(({ name }) => name === 'validation_requests_sent')?.value).toBe(4)
  })

  it('whom others trust hears it with their votes, and does without where they talk nonsense', async () => {
    const values = memoryValues()
    createVerdictStore(values).putReputation('somebody', { agreed: 3, disagreed: 0 })
    const voter = await startPeer({ values })
    await voter.validation.decide(cid)
    const frames = await framesOf(await startNode(), voter, encodeRequest(request({ trust: true, requestId: randomUUID() })), 2)
    expect(decodeVotes(frames[0]!)).toHaveLength(1)
    expect(decodeTrust(frames[1]!)).toEqual(new Map([['somebody', 1]]))

    const babbles = await startHostile(async (stream, asked, node) => {
      await stream.write(encodeVotes([await voteOf(node, false, asked)]))
      await stream.write(new Uint8Array([0xff, 0, 0xff]))
    })
    const asking = await startPeer({ strategy: 'eigentrust' })
    await connect(asking, [voter, babbles])
    const verdict = await asking.validation.decide(cid)
    expect(verdict).toMatchObject({ verdict: 'valid', messages: 2, votes: [{ voter: voter.id }] })
    expect(verdict.bytes).toBe(frames[0]!.byteLength + frames[1]!.byteLength)
    expect(asking.validation.counters().find(({ name }) => name === 'validation_requests_unanswered')?.value).toBe(1)
  })
})

describe('a peer whose strategy has it look', () => {
  const ask = encodeRequest(request())

  it('does so when it is asked, once for all that ask', async () => {
    const validator = oracle('valid')
    const looking = Promise.withResolvers<void>()
    const slow: Validator = async (...args) => { await looking.promise; return validator(...args) }
    const member = await startPeer({ strategy: 'committee', validator: slow })
    const strangers = [await startNode(), await startNode()]
    const answers = strangers.map((stranger) => askRaw(stranger, member, ask))
    looking.resolve()
    expect((await Promise.all(answers)).map((votes) => votes.map(({ voter }) => voter))).toEqual([[member.id], [member.id]])
    expect(validator.calls).toBe(1)
    expect(counted(member, 'validation_requests_answered', 'vote')).toBe(2)
  })

  it('does so once where it is asked while it asks others itself, and answers before they do', async () => {
    const validator = oracle('valid')
    const silent = await startHostile(async () => {})
    const checks = await startPeer({ strategy: 'spot-check', validator, options: { spotCheck: { checkShare: 1, waitMs: 60_000 } } })
    await connect(checks, [silent])
    const stranger = await startNode()
    checks.validation.onContribution(contributionOf())
    expect(await askRaw(stranger, checks, ask)).toHaveLength(1)
    expect(await askRaw(stranger, checks, ask)).toHaveLength(1)
    expect(validator.calls).toBe(1)
  })

  it('does not look again and again at what it cannot tell, whoever asks', async () => {
    const validator = oracle('undecided')
    const member = await startPeer({ strategy: 'committee', validator })
    const stranger = await startNode()
    expect([await askRaw(stranger, member, ask), await askRaw(stranger, member, ask)]).toEqual([[], []])
    expect(validator.calls).toBe(1)
  })

  it('looks at nothing that is not its part, or not shared', async () => {
    const validator = oracle('valid')
    const lazy = await startPeer({ validator })
    const never = await startPeer({ validator, strategy: 'spot-check', options: { spotCheck: { checkShare: 0 } } })
    const apart = await startPeer({ validator, strategy: 'self-eager', contribution: () => undefined })
    const stranger = await startNode()
    expect(await Promise.all([lazy, never, apart].map((peer) => askRaw(stranger, peer, ask)))).toEqual([[], [], []])
    expect(validator.calls).toBe(0)
  })

  it('does so as it arrives, where it is in the committee', async () => {
    const looked = Promise.withResolvers<string>()
    const member = await startPeer({
      contribution, strategy: 'committee',
      validator: async (examined) => { looked.resolve(examined.contribution.cid); return oracle('valid')(examined, { signal: AbortSignal.timeout(1_000) }) }
    })
    member.validation.onContribution(contributionOf())
    expect(await looked.promise).toBe(cid)
  })
})
