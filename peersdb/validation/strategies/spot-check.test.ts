import { describe, expect, it } from 'vitest'
import { createRandom } from '../../../network/random.ts'
import { expectBinomial } from '../closed-forms.test-helper.ts'
import { createStrategies } from '../strategies.ts'
import { contributionOf, createWorld, knowsNothing, oracle, says, voteOf, voters } from '../world.test-helper.ts'
import type { Strategy } from '../strategy.ts'
import type { Validator } from '../validator.ts'
import type { Behaviour, Voter, World } from '../world.test-helper.ts'
import type { SpotCheckOptions } from './spot-check.ts'
import type { StrategyName } from '../verdict.ts'

const signal = new AbortController().signal

function strategyOf (validator: Validator, options: SpotCheckOptions = {}): Strategy {
  return createStrategies(validator, { spotCheck: options })['spot-check']
}

async function worldOf (behaviours: Behaviour[], seed = 'spot-check'): Promise<World> {
  const world = await createWorld(behaviours, { random: createRandom(seed) })
  world.contribution = (cid) => contributionOf({ cid })
  return world
}

/** On how many of so many contributions, all of them valid, a peer decides wrongly, of the first and of the second half. */
async function mistakes (count: number, strategy: Strategy, world: World): Promise<[number, number]> {
  const wrong: [number, number] = [0, 0]

  for (let i = 0; i < count; i++) {
    const { verdict } = await strategy.decide(`cid ${i}`, world, { signal })
    wrong[i < count / 2 ? 0 : 1] += verdict === 'valid' ? 0 : 1
  }

  return wrong
}

describe('spot checks', () => {
  it('look at the share that is drawn, and at the same ones whenever they are asked about', async () => {
    const world = await worldOf([])
    const strategy = strategyOf(oracle('valid'), { checkShare: 0.2 })
    const drawn = Array.from({ length: 1_000 }, (_, i) => strategy.isDuty(`cid ${i}`, world))
    expectBinomial(drawn.filter(Boolean).length, 1_000, 0.2)
    expect(Array.from({ length: 1_000 }, (_, i) => strategy.isDuty(`cid ${i}`, world))).toEqual(drawn)
    const other = strategyOf(oracle('valid'), { checkShare: 0.2 })
    expect(Array.from({ length: 1_000 }, (_, i) => other.isDuty(`cid ${i}`, world))).not.toEqual(drawn)
  })

  it('are all that is looked at, where enough voters answer', async () => {
    const world = await worldOf(Array<Behaviour>(5).fill(says(true)))
    const validator = oracle('valid')
    const strategy = strategyOf(validator, { checkShare: 0.2 })
    await mistakes(50, strategy, world)
    const drawn = Array.from({ length: 50 }, (_, i) => strategy.isDuty(`cid ${i}`, world)).filter(Boolean).length
    expect(validator.calls).toBe(drawn)
    expect(drawn).toBeGreaterThan(0)
  })

  it('find liars that are the majority, who are not believed from then on', async () => {
    const world = await worldOf([...Array<Behaviour>(3).fill(says(true)), ...Array<Behaviour>(4).fill(says(false))])
    const [before, after] = await mistakes(60, strategyOf(oracle('valid'), { checkShare: 0.2 }), world)
    expect([before > 0, after]).toEqual([true, 0])
  })

  it('compare voters with what this peer had found out before', async () => {
    const world = await worldOf([says(true), says(true), says(false)])
    const strategies = createStrategies(oracle('valid'), { spotCheck: { checkShare: 0 } })
    await strategies['self-lazy'].decide('cid', world, { signal })
    expect(await strategies['spot-check'].decide('cid', world, { signal })).toMatchObject({ verdict: 'valid', selfDetermined: true, messages: 3 })
    expect(world.connectedPeers().map((id) => world.store.reputation(id).agreed)).toEqual([1, 1, 0])
  })

  it('end in a look where too few vote', async () => {
    const world = await worldOf([says(true), knowsNothing, knowsNothing])
    expect(await strategyOf(oracle('invalid'), { checkShare: 0 }).decide('cid', world, { signal })).toMatchObject({ verdict: 'invalid', selfDetermined: true })
    expect(() => strategyOf(oracle('valid'), { checkShare: 1.1 })).toThrow('share 1.1 is not from 0 to 1')
  })
})

describe('whoever lies and comes back as somebody else', () => {
  const liarCount = 8

  /** Three honest peers, and eight liars that are others after so many contributions. */
  async function washing (afterEvery: number): Promise<World> {
    const world = await worldOf([])
    const all = await voters(4 + liarCount * 12)
    const [honest, identities] = [all.slice(1, 4), all.slice(4)]
    const decided = new Set<string>()
    const liars = (): Voter[] => identities.slice(liarCount * Math.floor(decided.size / afterEvery)).slice(0, liarCount)
    world.connectedPeers = () => [...honest, ...liars()].map(({ id }) => id)
    world.askVotes = async (peerId, request, { onSent }) => {
      onSent?.()
      const voter = [...honest, ...liars()].find(({ id }) => id === peerId) as Voter
      return [await voteOf(voter, honest.includes(voter), request)]
    }
    const { store } = world
    return { ...world, store: { ...store, put: (verdict) => { decided.add(verdict.cid); store.put(verdict) } } }
  }

  it('is believed again by spot checks, which are done with who stays', async () => {
    const strategy = (): Strategy => strategyOf(oracle('valid'), { checkShare: 0.2 })
    const [before, after] = await mistakes(60, strategy(), await washing(5))
    expect([before > 0, after > 0]).toEqual([true, true])
    expect(await mistakes(60, strategy(), await washing(Infinity))).toEqual([expect.any(Number), 0])
  })

  it.each<StrategyName>(['reputation', 'eigentrust'])('is not believed by %s, with which newcomers weigh nothing', async (name) => {
    const strategy = createStrategies(oracle('valid'))[name]
    expect(await mistakes(60, strategy, await washing(5))).toEqual([0, 0])
  })
})
