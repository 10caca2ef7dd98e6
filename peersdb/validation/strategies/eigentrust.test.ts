import { describe, expect, it } from 'vitest'
import { createStrategies } from '../strategies.ts'
import { contributionOf, createWorld, oracle, says } from '../world.test-helper.ts'
import type { TrustRow } from '../eigen-trust.ts'
import type { Strategy } from '../strategy.ts'
import type { Validator } from '../validator.ts'
import type { KeptVerdict } from '../verdict-store.ts'
import type { Behaviour, World } from '../world.test-helper.ts'
import type { EigenTrustOptions } from './eigentrust.ts'

const signal = new AbortController().signal

function strategyOf (validator: Validator, options: EigenTrustOptions = {}): Strategy {
  return createStrategies(validator, { eigentrust: { auditShare: 0, ...options } }).eigentrust
}

/** Honest voters, and behind them liars; the truth is that everything is valid. */
async function worldOf (honest: number, liars: number, trust?: (world: World, peerId: string) => TrustRow): Promise<World> {
  const behaviours = [...Array<Behaviour>(honest).fill(says(true)), ...Array<Behaviour>(liars).fill(says(false))]
  const world: World = await createWorld(behaviours, trust == null ? {} : { trust: (peerId) => trust(world, peerId) })
  world.contribution = (cid) => contributionOf({ cid })
  return world
}

async function decideOn (count: number, strategy: Strategy, world: World): Promise<KeptVerdict[]> {
  const verdicts: KeptVerdict[] = []

  for (let i = 0; i < count; i++) {
    verdicts.push(await strategy.decide(`cid ${i}`, world, { signal }))
  }

  return verdicts
}

describe('EigenTrust', () => {
  it('looks for itself until it trusts somebody, and then those against any majority', async () => {
    const world = await worldOf(2, 6)
    const validator = oracle('valid')
    const verdicts = await decideOn(4, strategyOf(validator), world)
    expect(verdicts.map(({ verdict, selfDetermined }) => [verdict, selfDetermined]))
      .toEqual([['valid', true], ['valid', false], ['valid', false], ['valid', false]])
    expect(validator.calls).toBe(1)
  })

  it('learns from those whom it trusts whom else it may trust, without having seen them right', async () => {
    const friend = (world: World): string => world.connectedPeers()[0] as string
    const others = (world: World): string[] => world.connectedPeers().slice(1, 3)
    const world = await worldOf(3, 4, (each, peerId) => new Map(peerId === friend(each) ? others(each).map((id) => [id, 0.5]) : []))
    world.store.putReputation(friend(world), { agreed: 5, disagreed: 0 })
    const [verdict] = await decideOn(1, strategyOf(oracle('invalid')), world)
    expect(verdict).toMatchObject({ verdict: 'valid', selfDetermined: false })
    // By hand, with a = 0.15: the friend has 0.85 of this peer's trust, the others 0.85 of the friend's, and the rest comes back.
    const own = 1 / (1 + 0.85 + 0.85 ** 2)
    expect(verdict?.reasons[0]).toContain(`with ${(1 - own).toFixed(3)} of all trust for valid of the voters' ${(1 - own).toFixed(3)}`)
    expect(verdict?.bytes).toBeGreaterThan(verdict?.votes.length ?? 0)
  })

  it('gives nothing to liars that praise each other, unless one of them was trusted beforehand', async () => {
    const liars = (world: World): string[] => world.connectedPeers().slice(3)
    const praise = (world: World, peerId: string): TrustRow =>
      new Map(liars(world).includes(peerId) ? liars(world).map((id) => [id, 0.25]) : [])
    const validator = oracle('valid')
    const apart = await worldOf(3, 4, praise)
    const firm = await decideOn(4, strategyOf(validator), apart)
    expect(firm.every(({ verdict }) => verdict === 'valid')).toBe(true)

    const misled = await worldOf(3, 4, praise)
    const [first, ...rest] = await decideOn(4, strategyOf(validator, { preTrusted: () => liars(misled).slice(0, 1) }), misled)
    expect([first, ...rest].map((verdict) => verdict?.verdict)).toEqual(['invalid', 'invalid', 'invalid', 'invalid'])
  })

  it('refuses options with which nobody would be trusted, or both sides could win', () => {
    expect(() => strategyOf(oracle('valid'), { restart: 0 })).toThrow('restart 0 is not above 0')
    expect(() => strategyOf(oracle('valid'), { theta: 0.4 })).toThrow('theta 0.4 is not between 0.5 and 1')
  })
})
