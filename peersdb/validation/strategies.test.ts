import { describe, expect, it } from 'vitest'
import { createRandom } from '../../network/random.ts'
import { strategyNames } from '../strategy-names.ts'
import { createStrategies } from './strategies.ts'
import { expectBinomial, majorityRight, sampleCaptured } from './closed-forms.test-helper.ts'
import { oddsWeight } from './weighted.ts'
import { cid, createWorld, isSilent, knowsNothing, oracle, says, voteOf, voters } from './world.test-helper.ts'
import type { StrategyOptions } from './strategies.ts'
import type { Validator } from './validator.ts'
import type { KeptVerdict } from './verdict-store.ts'
import type { StrategyName } from './verdict.ts'
import type { Behaviour, World } from './world.test-helper.ts'

const signal = new AbortController().signal

async function decide (name: StrategyName, world: World, validator: Validator = oracle('undecided'), options: StrategyOptions = {}): Promise<KeptVerdict> {
  return createStrategies(validator, options)[name].decide(cid, world, { signal })
}

/** What a peer with a saturated reputation for each of its neighbours knows. */
function trustAll (world: World): World {
  world.connectedPeers().forEach((peerId) => { world.store.putReputation(peerId, { agreed: 20, disagreed: 0 }) })
  return world
}

/** A voter whose answer nobody may count: signed by another key, twice, for another CID, and in the name of its neighbour. */
const cheats: Behaviour = async (request, voter) => {
  const [other] = (await voters(50)).filter(({ id }) => id !== voter.id)
  const mine = await voteOf(voter, false, request)
  const theirs = await voteOf(other!, false, request)
  return [{ ...mine, signature: theirs.signature }, { ...theirs, signature: mine.signature }, await voteOf(voter, false, { ...request, cid: 'bafkother' })]
}

describe.each(strategyNames)('the strategy %s', (name) => {
  const options: StrategyOptions = { majority: { otherwise: 'self' }, reputation: { auditShare: 0 }, eigentrust: { auditShare: 0 }, spotCheck: { checkShare: 0 } }

  it.each(['valid', 'invalid'] as const)('finds the truth, %s, among honest peers', async (truth) => {
    const world = trustAll(await createWorld(Array<Behaviour>(9).fill(says(truth === 'valid'))))
    const { verdict } = await decide(name, world, oracle(truth), options)
    expect(verdict).toBe(name === 'none' ? 'valid' : truth)
  })

  it('keeps a verdict that says how it came about', async () => {
    const world = trustAll(await createWorld(Array<Behaviour>(5).fill(says(true))))
    const validator = oracle('valid')
    const verdict = await decide(name, world, validator, options)

    expect(world.store.list()).toEqual([verdict])
    expect(verdict).toMatchObject({ cid, strategy: name, selfDetermined: validator.calls === 1 })
    expect(new Date(verdict.decidedAt).toISOString()).toBe(verdict.decidedAt)
    expect(verdict.elapsedMs).toBe(name === 'peersdb' ? 5_000 : world.asked.length > 0 ? 10 : 0)
    expect(verdict.messages).toBe(world.asked.length)
    expect(verdict.bytes > 0).toBe(verdict.votes.length > 0)
    expect(verdict.votes.every(({ counted }) => counted)).toBe(true)
  })

  it('does not look at the content, or ask, for what it found out before', async () => {
    const world = trustAll(await createWorld(Array<Behaviour>(5).fill(says(true))))
    const validator = oracle('valid')
    await decide(name, world, validator, options)
    const asked = world.asked.length
    await decide(name, world, validator, options)
    expect([validator.calls <= 1, world.asked.length]).toEqual([true, asked])
  })

  it('counts no vote that is forged, of another CID, or of somebody else', async () => {
    const world = trustAll(await createWorld(Array<Behaviour>(5).fill(cheats)))
    const verdict = await decide(name, world, oracle('valid'), options)

    expect(verdict.verdict).toBe('valid')
    expect(verdict.votes.filter(({ counted }) => counted)).toEqual([])
    expect(verdict.votes.length > 0).toBe(world.asked.length > 0)
    expect(world.refused.length).toBeGreaterThanOrEqual(verdict.votes.length)
  })

  it('comes to an end among peers that are silent, and asks nothing afterwards', async () => {
    const world = await createWorld(Array<Behaviour>(5).fill(isSilent))
    const verdict = await decide(name, world, oracle('undecided'), options)

    expect(verdict.verdict).toBe(name === 'none' ? 'valid' : 'undecided')
    expect(verdict.elapsedMs).toBe(world.asked.length > 0 ? 5_000 : 0)
    expect(world.clock.pending()).toBe(0)
  })

  it('comes to an end without any peers, and when none can be asked', async () => {
    expect((await decide(name, await createWorld([]), oracle('valid'), options)).verdict).toBe('valid')
    const world = await createWorld(Array<Behaviour>(3).fill(async () => { throw new Error('gone') }))
    expect((await decide(name, world, oracle('valid'), options)).verdict).toBe('valid')
    expect(world.unanswered.length > 0).toBe(world.asked.length > 0)
  })

  it('stops when its caller does', async () => {
    const world = await createWorld(Array<Behaviour>(5).fill(isSilent))
    const caller = new AbortController()
    const never: Validator = () => new Promise(() => {})
    world.clock.after(20, signal).then(() => { caller.abort(new Error('enough')) }, () => {})
    const deciding = createStrategies(never, options)[name].decide(cid, world, { signal: caller.signal })
    await (name === 'none' ? deciding : expect(deciding).rejects.toThrow('enough'))
    await expect(createStrategies(never, options)[name].decide(cid, world, { signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow('before')
  })

  it('leaves undecided what takes too long to look at', async () => {
    const never: Validator = () => new Promise(() => {})
    const { verdict, reasons } = await decide(name, await createWorld([]), never, { ...options, examineMs: 700 })
    expect(verdict).toBe(name === 'none' ? 'valid' : 'undecided')
    expect(reasons.at(-1)).toMatch(name === 'none' ? 'nothing was checked' : /took longer than 700 ms/)
  })

  it('tells nobody of a contribution that is not shared', async () => {
    const world = await createWorld(Array<Behaviour>(5).fill(says(true)))
    const verdict = await createStrategies(oracle('valid'))[name].decide('bafkprivate', world, { signal })
    expect(verdict).toMatchObject({ verdict: 'undecided', messages: 0 })
    expect([world.asked, world.store.list()]).toEqual([[], []])
  })
})

describe('the rule of PeersDB', () => {
  const yes = (count: number, of: number): Behaviour[] => Array.from({ length: of }, (_, i) => i < count ? says(true) : knowsNothing)

  it('takes what more than half of the connected peers call valid, and always waits', async () => {
    const validator = oracle('invalid')
    const three = await decide('peersdb', await createWorld(yes(3, 5)), validator)
    expect(three).toMatchObject({ verdict: 'valid', elapsedMs: 5_000, messages: 5, selfDetermined: false })
    expect(validator.calls).toBe(0)
    expect(await decide('peersdb', await createWorld(yes(2, 4)), validator)).toMatchObject({ verdict: 'invalid', selfDetermined: true })
    expect(await decide('peersdb', await createWorld(yes(1, 1)), validator, { peersdb: { waitMs: 70 } }))
      .toMatchObject({ verdict: 'valid', elapsedMs: 70 })
  })

  it.each([2, 3, 5, 8, 20])('never succeeds among %i peers of which only the contributor looked', async (degree) => {
    const validator = oracle('valid')
    expect(await decide('peersdb', await createWorld(yes(1, degree)), validator)).toMatchObject({ selfDetermined: true })
    expect(validator.calls).toBe(1)
  })

  it('with the deadline of the first PeersDB fails to look, and with its flag tells others so', async () => {
    const validator = oracle('valid')
    const past = { validatesPastDeadline: true }
    const first = await decide('peersdb', await createWorld(yes(0, 4)), validator, { peersdb: past })
    expect(first).toMatchObject({ verdict: 'undecided', selfDetermined: false })
    expect(first.reasons.at(-1)).toContain('the 5000 ms of the vote are over')
    expect(await decide('peersdb', await createWorld(yes(0, 4)), validator, { peersdb: { ...past, zeroVotesMeanSelf: true } }))
      .toMatchObject({ verdict: 'invalid', selfDetermined: true })
    expect(validator.calls).toBe(0)
    expect(await decide('peersdb', await createWorld(yes(1, 4)), validator, { peersdb: { zeroVotesMeanSelf: true } }))
      .toMatchObject({ verdict: 'valid', selfDetermined: false })
  })

  it('of the first PeersDB lets one voter vote for all', async () => {
    const stuffs: Behaviour = async (request, voter) => { const vote = await voteOf(voter, true, request); return [vote, vote, vote] }
    const world = (): Promise<World> => createWorld([stuffs, ...yes(0, 4)])
    expect(await decide('peersdb', await world(), oracle('invalid'), { peersdb: { countsEveryVote: true } })).toMatchObject({ verdict: 'valid' })
    expect(await decide('peersdb', await world(), oracle('invalid'))).toMatchObject({ verdict: 'invalid' })
  })
})

describe('the majority', () => {
  it.each([
    [0.9, [0.9, 0.972, 0.99144, 0.99727, 0.99911, 0.9997, 0.99997, 1]],
    [0.8, [0.8, 0.896, 0.94208, 0.96666, 0.98042, 0.98835, 0.99576, 0.99903]],
    [0.6, [0.6, 0.648, 0.68256, 0.71021, 0.73343, 0.7535, 0.7869, 0.82562]]
  ])('of voters that are right with probability %f is as likely right as Condorcet says', (p, table) => {
    expect([1, 3, 5, 7, 9, 11, 15, 21].map((n) => majorityRight(p, n))).toEqual(table.map((value) => expect.closeTo(value, 4)))
  })

  it.each([[0.6, 5], [0.8, 9]])('of simulated voters that are right with probability %f, %i of them, is as likely right', async (p, n) => {
    const random = createRandom(`condorcet ${p} ${n}`)
    const trials = 400
    let right = 0

    for (let i = 0; i < trials; i++) {
      const world = await createWorld(Array.from({ length: n }, () => says(random() < p)))
      right += (await decide('majority', world)).verdict === 'valid' ? 1 : 0
    }

    expectBinomial(right, trials, majorityRight(p, n))
  })

  it('ends when the votes that are out cannot change it, and else after the wait', async () => {
    const world = await createWorld([...Array<Behaviour>(3).fill(says(true)), isSilent, isSilent])
    expect(await decide('majority', world)).toMatchObject({ verdict: 'valid', elapsedMs: 10, messages: 5 })
    expect(world.clock.pending()).toBe(0)
    const undecided = await createWorld([...Array<Behaviour>(3).fill(says(true)), isSilent, isSilent, isSilent])
    expect(await decide('majority', undecided)).toMatchObject({ verdict: 'valid', elapsedMs: 5_000, messages: 6 })
  })

  it('of too few, or of equals, decides nothing', async () => {
    expect(await decide('majority', await createWorld([says(true), says(true), knowsNothing]))).toMatchObject({ verdict: 'undecided' })
    expect(await decide('majority', await createWorld([says(true), says(true), says(false), says(false)]))).toMatchObject({ verdict: 'undecided' })
  })
})

describe('a quorum of a sample', () => {
  it.each([
    [0.1, [0.02347, 0.00478, 0.00072]],
    [0.2, [0.09796, 0.04826, 0.02283, 0.01006]],
    [0.4, [0.34898, 0.30997, 0.27687, 0.24743]]
  ])('of 50 peers, of which a share of %f collude, falls to them as often as the hypergeometric distribution says', (f, table) => {
    expect(table.map((_, i) => sampleCaptured(f, 50, 2 * i + 3))).toEqual(table.map((value) => expect.closeTo(value, 5)))
  })

  it.each([[0.4, 5], [0.2, 3]])('of 50 simulated peers, a share of %f of which lie, asks %i', async (f, sampleSize) => {
    const random = createRandom(`quorum ${f} ${sampleSize}`)
    const behaviours = Array.from({ length: 50 }, (_, i) => says(i < f * 50))
    const trials = 500
    let captured = 0

    for (let i = 0; i < trials; i++) {
      const world = await createWorld(behaviours, { random })
      const verdict = await decide('quorum', world, oracle('undecided'), { quorum: { sampleSize } })
      captured += verdict.verdict === 'valid' ? 1 : 0
      expect(new Set(world.asked).size).toBe(sampleSize)
    }

    expectBinomial(captured, trials, sampleCaptured(f, 50, sampleSize))
  })

  it('rejects what a threshold of the sample calls invalid', async () => {
    const validator = oracle('valid')
    const world = await createWorld([says(false), says(false), says(false), says(true), says(true)])
    expect(await decide('quorum', world, validator)).toMatchObject({ verdict: 'invalid', selfDetermined: false })
    expect(validator.calls).toBe(0)
  })

  it('looks for itself where neither side reaches the threshold, which must be more than half', async () => {
    const validator = oracle('invalid')
    expect(await decide('quorum', await createWorld([says(true), says(true), says(false), knowsNothing, knowsNothing]), validator))
      .toMatchObject({ verdict: 'invalid', selfDetermined: true, messages: 5 })
    expect(await decide('quorum', await createWorld([says(true), says(true)]), validator)).toMatchObject({ selfDetermined: true, messages: 0 })
    expect(() => createStrategies(validator, { quorum: { sampleSize: 4, threshold: 2 } })).toThrow('threshold 2 is not between half and all of its sample of 4')
  })
})

describe('reputation', () => {
  it('gives a newcomer and a liar no weight, and the log of the odds to others', () => {
    expect([[0, 0], [0, 5], [9, 0], [9, 4]].map(([agreed, disagreed]) => oddsWeight({ agreed: agreed!, disagreed: disagreed! })))
      .toEqual([0, 0, Math.log(10), Math.log(2)])
  })

  it('is earned by agreeing with what this peer found, and then decides against a majority of liars', async () => {
    const world = await createWorld([...Array<Behaviour>(3).fill(says(true)), ...Array<Behaviour>(6).fill(says(false))])
    const validator = oracle('valid')
    const options = { reputation: { auditShare: 0 } }
    const outcomes: KeptVerdict[] = []

    for (let i = 0; i < 6; i++) {
      const asked = `${cid}${i}`
      world.contribution = () => ({ schema: 1, cid: asked, name: 'x', size: 0, mediaType: 'a/b', contributor: 'c', createdAt: '', attributes: {}, hash: 'h' })
      outcomes.push(await createStrategies(validator, options).reputation.decide(asked, world, { signal }))
    }

    expect(outcomes.map(({ verdict, selfDetermined }) => [verdict, selfDetermined])).toEqual([
      ['valid', true], ['valid', true], ['valid', false], ['valid', false], ['valid', false], ['valid', false]
    ])
    expect(validator.calls).toBe(2)
    const [honest, liar] = [world.connectedPeers()[0]!, world.connectedPeers()[8]!]
    expect(world.store.reputation(honest)).toEqual({ agreed: 1.95, disagreed: 0 })
    expect(world.store.reputation(liar)).toEqual({ agreed: 0, disagreed: 1.95 })
  })

  it('is checked now and then', async () => {
    const world = trustAll(await createWorld(Array<Behaviour>(5).fill(says(true)), { random: () => 0.05 }))
    expect(await decide('reputation', world, oracle('invalid'))).toMatchObject({ verdict: 'invalid', selfDetermined: true })
    expect(world.store.reputation(world.connectedPeers()[0]!)).toEqual({ agreed: 19, disagreed: 1 })
  })
})

describe('cached verdicts', () => {
  it('are good for others until they expire, without a message', async () => {
    const world = await createWorld(Array<Behaviour>(4).fill(says(true)))
    const options = { cached: { ttlMs: 60_000, sampleSize: 4 } }
    expect(await decide('cached', world, oracle('undecided'), options)).toMatchObject({ verdict: 'valid', messages: 4 })
    expect(await decide('cached', world, oracle('undecided'), options)).toMatchObject({ verdict: 'valid', messages: 0, votes: [] })
    await world.clock.after(60_001, signal)
    expect(await decide('cached', world, oracle('undecided'), options)).toMatchObject({ verdict: 'valid', messages: 4 })
  })

  it('come from one peer that collected them, of voters that are named', async () => {
    const [, ...others] = await voters(4)
    const collected: Behaviour = async (request) => Promise.all(others.map((voter) => voteOf(voter, false, request)))
    const named = { voters: others.map(({ id }) => id), sampleSize: 1 }
    expect(await decide('cached', await createWorld([collected]), oracle('valid'), { cached: named }))
      .toMatchObject({ verdict: 'invalid', selfDetermined: false, messages: 1 })
    expect(await decide('cached', await createWorld([collected]), oracle('valid')))
      .toMatchObject({ verdict: 'valid', selfDetermined: true })
  })

  it('of one peer that makes up voters are worth one signature', async () => {
    const strangers = (await voters(20)).slice(10)
    const sybil: Behaviour = async (request, voter) => Promise.all([voter, ...strangers].map((each) => voteOf(each, true, request)))
    const world = await createWorld([sybil, knowsNothing])
    expect(await decide('cached', world, oracle('invalid'))).toMatchObject({ verdict: 'invalid', selfDetermined: true })
    expect(world.refused).toEqual(Array(10).fill('unasked'))
  })

  it('that contradict each other decide nothing', async () => {
    const world = await createWorld([...Array<Behaviour>(3).fill(says(true)), ...Array<Behaviour>(3).fill(says(false))])
    expect(await decide('cached', world, oracle('undecided'), { cached: { sampleSize: 6, signaturesMin: 2 } })).toMatchObject({ verdict: 'undecided' })
    expect(() => createStrategies(oracle('valid'), { cached: { voters: ['a'] } })).toThrow('needs 3 signatures of 1 voters')
  })
})
