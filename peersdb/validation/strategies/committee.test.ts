import { describe, expect, it } from 'vitest'
import { createRandom } from '../../../network/random.ts'
import { expectBinomial, sampleCaptured } from '../closed-forms.test-helper.ts'
import { createStrategies } from '../strategies.ts'
import { sample } from '../strategy.ts'
import { contributionOf, createWorld, isSilent, knowsNothing, oracle, says, voters } from '../world.test-helper.ts'
import { closest } from './committee.ts'
import type { KeptVerdict } from '../verdict-store.ts'
import type { Validator } from '../validator.ts'
import type { Behaviour, World } from '../world.test-helper.ts'
import type { CommitteeOptions } from './committee.ts'

const signal = new AbortController().signal

async function decide (world: World, cid: string, validator: Validator = oracle('undecided'), options: CommitteeOptions = {}): Promise<KeptVerdict> {
  world.contribution = (asked) => contributionOf({ cid: asked })
  return createStrategies(validator, { committee: options }).committee.decide(cid, world, { signal })
}

/** A CID for whose committee of this size the peer that decides is not chosen, and the committee. */
function outsiderOf (world: World, size = 5): { cid: string, members: string[] } {
  for (let i = 0; ; i++) {
    const members = closest(`cid ${i}`, [world.id, ...world.connectedPeers()]).slice(0, size)

    if (!members.includes(world.id)) {
      return { cid: `cid ${i}`, members }
    }
  }
}

/** Voters of which those that are named behave in one way, and all others in another one. */
async function worldWhere (
  count: number, named: (world: World) => readonly string[], theirs: Behaviour, others: Behaviour
): Promise<World> {
  const each: Behaviour = (request, voter, asking) => (named(world).includes(voter.id) ? theirs : others)(request, voter, asking)
  const world: World = await createWorld(Array<Behaviour>(count).fill(each))
  return world
}

describe('the committee', () => {
  it('is of the peers whose hashes are closest to that of the CID, the same for all that know them', async () => {
    const ids = (await voters(30)).map(({ id }) => id)
    const order = closest('a cid', ids)
    expect(order.toSorted()).toEqual(ids.toSorted())
    expect(closest('a cid', ids.toReversed())).toEqual(order)
    expect(closest('another cid', ids)).not.toEqual(order)
    // Without the first one the others move up, and nobody else changes places.
    expect(closest('a cid', ids.filter((id) => id !== order[0]))).toEqual(order.slice(1))
  })

  it('alone is asked, and decides against all others', async () => {
    const world: World = await worldWhere(12, () => outsiderOf(world).members, says(false), says(true))
    const { cid, members } = outsiderOf(world)
    expect(await decide(world, cid)).toMatchObject({ verdict: 'invalid', selfDetermined: false, elapsedMs: 10 })
    expect(world.asked.toSorted()).toEqual(members.toSorted())
  })

  it('has whoever belongs to it look for itself, without asking anybody', async () => {
    const world = await createWorld(Array<Behaviour>(4).fill(says(false)))
    const validator = oracle('valid')
    expect(await decide(world, 'any cid', validator)).toMatchObject({ verdict: 'valid', selfDetermined: true, messages: 0 })
    expect(validator.calls).toBe(1)
  })

  it.each<[string, Behaviour, number]>([
    ['who does not know, at once', knowsNothing, 20], ['who keeps silent, after a while', isSilent, 1_010]
  ])('replaces %s by the next closest', async (_, behaviour, elapsedMs) => {
    const world: World = await worldWhere(12, () => outsiderOf(world).members.slice(0, 2), behaviour, says(true))
    const { cid } = outsiderOf(world)
    const next = closest(cid, world.connectedPeers()).slice(0, 7)
    // Three of five agree without them; so that they are needed, one of the others says the opposite.
    const verdict = await decide(world, cid, oracle('undecided'), { size: 5 })
    expect(verdict).toMatchObject({ verdict: 'valid', elapsedMs: 10 })

    const split: World = await worldWhere(12, () => next.slice(0, 3), behaviour, says(true))
    expect(await decide(split, cid)).toMatchObject({ verdict: 'valid', elapsedMs, messages: 8 })
  })

  it('asks no more than twice its size, waits no longer than it may, and then looks for itself', async () => {
    const world = await createWorld(Array<Behaviour>(20).fill(isSilent))
    const { cid } = outsiderOf(world, 3)
    expect(await decide(world, cid, oracle('valid'), { size: 3, waitMs: 4_000 })).toMatchObject({ verdict: 'valid', selfDetermined: true, elapsedMs: 4_000, messages: 6 })
    expect(world.clock.pending()).toBe(0)
  })

  it('counts no vote of who was replaced, which came too late', async () => {
    const late: Behaviour = async (...asked) => { await world.clock.after(1_500, signal); return says(false)(...asked) }
    const world: World = await worldWhere(12, () => outsiderOf(world).members.slice(0, 3), late, says(true))
    const { cid } = outsiderOf(world)
    const verdict = await decide(world, cid)
    expect(verdict).toMatchObject({ verdict: 'valid', elapsedMs: 1_010 })
    expect(verdict.votes.every(({ valid }) => valid)).toBe(true)
  })

  it('falls to liars that are drawn by lot as often as a sample does', async () => {
    const random = createRandom('committee')
    let liars: string[] = []
    const world: World = await worldWhere(50, () => liars, says(true), says(false))
    let captured = 0
    let trials = 0

    for (let i = 0; trials < 300; i++) {
      if (!closest(`lot ${i}`, [world.id, ...world.connectedPeers()]).slice(0, 5).includes(world.id)) {
        trials++
        liars = sample(world.connectedPeers(), 20, random)
        captured += (await decide(world, `lot ${i}`)).verdict === 'valid' ? 1 : 0
      }
    }

    expectBinomial(captured, trials, sampleCaptured(0.4, 50, 5))
  })

  it('falls to who can choose among many identities those that are closest', () => {
    const known = Array.from({ length: 10 }, (_, i) => `honest ${i}`)
    const chosen = closest('a wanted cid', Array.from({ length: 500 }, (_, i) => `made up ${i}`)).slice(0, 5)
    expect(closest('a wanted cid', [...known, ...chosen]).slice(0, 5)).toEqual(chosen)
  })

  it('must have somebody in it', () => {
    expect(() => createStrategies(oracle('valid'), { committee: { size: 0 } })).toThrow('size 0 is no whole number above 0')
  })
})
