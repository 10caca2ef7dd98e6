import { describe, expect, it } from 'vitest'
import { askRaw, connect, counted, request, startHostile, startNode, startPeer } from './service.test-helper.ts'
import { memoryValues } from './verdict-store.ts'
import { encodeRequest, encodeVotes } from './vote.ts'
import { alone, cid, contributionOf, oracle, voteOf } from './world.test-helper.ts'
import type { NamedContent } from '../files/listing.ts'
import type { SignedVote } from './vote.ts'

describe('validation over libp2p', () => {
  it('takes the word of peers that looked for themselves, and of no others', async () => {
    const [a, b, c, hearsay] = [await startPeer(), await startPeer(), await startPeer(), await startPeer()]
    const validator = oracle('invalid')
    const asking = await startPeer({ validator, strategy: 'majority' })
    await Promise.all([a, b, c].map(({ validation }) => validation.decide(cid)))
    await connect(hearsay, [a, b, c])
    expect(await hearsay.validation.decide(cid, { strategy: 'majority' })).toMatchObject({ verdict: 'valid', messages: 3 })
    expect(await askRaw(await startNode(), hearsay, encodeRequest(request()))).toEqual([])
    await connect(asking, [a, b, c, hearsay])

    const verdict = await asking.validation.decide(cid)

    expect(verdict).toMatchObject({ cid, verdict: 'valid', strategy: 'majority', messages: 4 })
    expect(verdict.votes.map(({ voter }) => voter).sort()).toEqual([a.id, b.id, c.id].sort())
    expect(verdict.bytes).toBeGreaterThan(3 * 64)
    expect(validator.calls).toBe(0)
    expect(asking.validation.verdicts()).toEqual([verdict])
    expect(counted(a, 'validation_requests_answered', 'vote')).toBe(2)
  })

  it('is not moved by voters that forge, repeat, flood, talk nonsense or keep silent', async () => {
    const honest = await startPeer()
    await honest.validation.decide(cid)
    const forger = await startHostile(async (frames, asked) => {
      const vote = await voteOf(honest, false, asked)
      await frames.write(encodeVotes([{ ...vote, signature: vote.signature.map((byte) => byte ^ 1) }]))
    })
    const thief = await startHostile(async (frames, asked) => { await frames.write(encodeVotes([await voteOf(honest, false, asked)])) })
    const repeats = await startHostile(async (frames, asked, node) => {
      const vote = await voteOf(node, true, asked)
      await frames.write(encodeVotes(Array<SignedVote>(20).fill(vote)))
    })
    const floods = await startHostile(async (frames) => { await frames.write(new Uint8Array(1_000_000)) })
    const babbles = await startHostile(async (frames) => { await frames.write(new Uint8Array([0xff, 0, 0xff])) })
    const silent = await startHostile(async () => {})
    const hostile = [forger, thief, repeats, floods, babbles, silent]
    const asking = await startPeer({ validator: oracle('invalid'), options: { majority: { waitMs: 1_500 } } })
    await connect(asking, [honest, ...hostile])

    const verdict = await asking.validation.decide(cid, { strategy: 'majority' })

    // Two honest votes, of the honest one and the first of the one that repeats itself, are too few.
    expect(verdict.verdict).toBe('undecided')
    expect(verdict.votes.filter(({ counted }) => counted).map(({ voter }) => voter).sort()).toEqual([honest.id, repeats.id].sort())
    expect(counted(asking, 'validation_votes_refused', 'unasked')).toBe(2)
    expect(counted(asking, 'validation_votes_refused', 'repeated')).toBe(19)
    expect(verdict.reasons.at(-1)).toMatch(/^votes not counted: /)
  })

  it('counts no vote with a wrong signature, though the right peer sent it, and no old one', async () => {
    const forger = await startHostile(async (frames, asked, node) => {
      const vote = await voteOf(node, true, asked)
      await frames.write(encodeVotes([{ ...vote, valid: false }]))
    })
    const replays = await startHostile(async (frames, asked, node) => {
      await frames.write(encodeVotes([await voteOf(node, false, { ...asked, requestId: 'a-request-of-yesterday' })]))
    })
    const asking = await startPeer()
    await connect(asking, [forger, replays])
    expect(await asking.validation.decide(cid, { strategy: 'reputation' })).toMatchObject({ verdict: 'valid', messages: 2 })
    expect([counted(asking, 'validation_votes_refused', 'forged'), counted(asking, 'validation_votes_refused', 'replayed')]).toEqual([1, 1])
  })

  it('answers nobody about what is not shared or not known, and signs for a week at most', async () => {
    let isShared = true
    const peer = await startPeer({ contribution: () => isShared ? contributionOf() : undefined })
    const stranger = await startNode()
    expect(await askRaw(stranger, peer, encodeRequest(request()))).toEqual([])
    await peer.validation.decide(cid)
    isShared = false
    expect(await askRaw(stranger, peer, encodeRequest(request()))).toEqual([])
    isShared = true
    expect(await askRaw(stranger, peer, encodeRequest(request({ expiresAtMs: Date.now() - 1 })))).toEqual([])

    const [vote] = await askRaw(stranger, peer, encodeRequest(request({ expiresAtMs: Number.MAX_SAFE_INTEGER })))
    expect(vote).toMatchObject({ valid: true, voter: peer.id })
    expect(vote!.expiresAtMs).toBeLessThan(Date.now() + 8 * 24 * 3600 * 1000)
  })

  it('survives malformed and oversized requests, and refuses one peer too many of them', async () => {
    const peer = await startPeer({ rate: { perSecond: 0, burst: 4 } })
    await peer.validation.decide(cid)
    const [bad, good] = [await startNode(), await startNode()]
    await expect(askRaw(bad, peer, new Uint8Array([0xff]))).rejects.toThrow()
    await expect(askRaw(bad, peer, new Uint8Array(5_000))).rejects.toThrow()
    expect(await askRaw(bad, peer, encodeRequest(request()))).toHaveLength(1)
    expect(await askRaw(bad, peer, encodeRequest(request()))).toHaveLength(1)
    await expect(askRaw(bad, peer, encodeRequest(request()))).rejects.toThrow()

    expect(await askRaw(good, peer, encodeRequest(request()))).toHaveLength(1)
    expect([counted(peer, 'validation_requests_refused', 'malformed'), counted(peer, 'validation_requests_refused', 'rate')]).toEqual([2, 1])
    expect(peer.failures).toHaveLength(2)
    expect(peer.failures[0]?.message).toBe('a peer sent 1 bytes that are no request for votes; it may run another version')
  })

  it('passes signed verdicts on, so that they outlive those who found them', async () => {
    const [a, b] = [await startPeer(), await startPeer()]
    const cached = { signaturesMin: 2, voters: [a.id, b.id] }
    const between = await startPeer({ strategy: 'cached', options: { cached } })
    const validator = oracle('invalid')
    const asking = await startPeer({ strategy: 'cached', options: { cached }, validator })
    await Promise.all([a, b].map(({ validation }) => validation.decide(cid)))
    await connect(between, [a, b])
    await between.validation.decide(cid)
    await Promise.all([a, b].map(async ({ libp2p }) => { await libp2p.stop() }))
    await connect(asking, [between])

    expect(await asking.validation.decide(cid)).toMatchObject({ verdict: 'valid', messages: 1 })
    expect(validator.calls).toBe(0)
  })
})

describe('the service of a peer', () => {
  it('looks at everything that arrives where its strategy is self-eager, a few at a time', async () => {
    const values = memoryValues()
    const decided = Promise.withResolvers<void>()
    let underWay = 0
    let most = 0
    const peer = await startPeer({
      strategy: 'self-eager',
      contribution: (asked) => contributionOf({ cid: asked }),
      values: {
        ...values,
        put: (namespace, key, value) => {
          values.put(namespace, key, value)

          if (values.list('validation.verdicts').length === 20) {
            decided.resolve()
          }
        }
      },
      validator: async () => {
        most = Math.max(most, ++underWay)
        await new Promise(setImmediate)
        underWay--
        return { verdict: 'invalid', reasons: ['bad'], sha256: '', runs: [] }
      }
    })
    Array.from({ length: 20 }, (_, i) => { peer.validation.onContribution(contributionOf({ cid: `cid ${i}` })) })
    await decided.promise

    expect(peer.validation.verdicts().every(({ verdict, strategy }) => verdict === 'invalid' && strategy === 'self-eager')).toBe(true)
    expect(most).toBe(4)
    expect(counted(peer, 'validation_verdicts', 'invalid')).toBeGreaterThanOrEqual(16)
  })

  it('does nothing on arrival where its strategy is another', async () => {
    const validator = oracle('valid')
    const peer = await startPeer({ validator })
    peer.validation.onContribution(contributionOf())
    await peer.validation.stop()
    expect([validator.calls, peer.validation.verdicts()]).toEqual([0, []])
  })

  it('keeps its verdicts and what it knows of runs over a restart', async () => {
    const values = memoryValues()
    const csv = 'instance_count\tmachine_type\tslots\tmemory\tdata_size_MB\tgross_runtime\n2\tm4.2xlarge\t16\t64000\t1000\t150.5\n'
    const files = (): AsyncIterable<NamedContent> => alone([Buffer.from(csv)])
    const contribution = (asked: string) => contributionOf({ cid: asked, name: 'sort.tsv', size: csv.length })
    const before = await startPeer({ values, files, contribution, validator: {} })
    const verdict = await before.validation.decide('first')
    const after = await startPeer({ values, files, contribution, validator: {} })

    expect(verdict.verdict).toBe('valid')
    expect(after.validation.verdicts()).toEqual([verdict])
    expect(await after.validation.decide('second')).toMatchObject({ verdict: 'invalid', reasons: ['duplicate: its content is that of first'] })
  })

  it('ends what is under way when it stops', async () => {
    const reading = Promise.withResolvers<void>()
    const never: AsyncIterable<never> = {
      [Symbol.asyncIterator]: () => ({ next: () => { reading.resolve(); return new Promise(() => {}) } })
    }
    const peer = await startPeer({ files: () => never, validator: {}, strategy: 'self-eager' })
    peer.validation.onContribution(contributionOf())
    await reading.promise
    await peer.validation.stop()
    await expect(peer.validation.decide(cid)).rejects.toThrow(/aborted/)
    expect(peer.failures).toEqual([])
  })
})
