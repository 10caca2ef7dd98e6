import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { jobNames, jobs, samplesOf } from '../models/jobs.ts'
import { openExecutions, rowsOf } from './executions.ts'
import { flawNames, withFlaws } from './flaws.ts'
import { commonContext, contextOf, orderByShares } from './shares.ts'
import type { Executions } from './executions.ts'
import type { JobName } from '../models/jobs.ts'

const all = Number.MAX_SAFE_INTEGER
const open = (job: JobName = 'sgd', init: Partial<Parameters<typeof openExecutions>[0]> = {}): Promise<Executions> =>
  openExecutions({ job, corpus: '', contributions: all, seed: 1, testShare: 0.1, ...init })

describe('generated executions', () => {
  it.each(jobNames)('of %s are contributed or held out, each of them once, and the same again', async (job) => {
    const [executions, again, other] = await Promise.all([open(job), open(job), open(job, { seed: 2 })])
    const contributed = (await Promise.all(executions.items.map(async (item) => rowsOf(await item.bytes())))).flat()
    const samples = samplesOf(jobs[job], contributed)
    const held = samplesOf(jobs[job], executions.heldOut)
    expect(samples).toHaveLength(executions.items.length)
    expect(held).toHaveLength(Math.ceil((samples.length + held.length) / 10))
    expect(new Set([...samples, ...held].map(({ features }) => features.join())).size).toBe(samples.length + held.length)
    expect(again.items.map(({ name }) => name)).toEqual(executions.items.map(({ name }) => name))
    expect(other.items.map(({ name }) => name)).not.toEqual(executions.items.map(({ name }) => name))
  })

  it('that are fewer are the first of more', async () => {
    const [few, many] = await Promise.all([open('kmeans', { contributions: 20 }), open('kmeans')])
    expect(few.items.map(({ name }) => name)).toEqual(many.items.slice(0, 20).map(({ name }) => name))
    expect(few.heldOut).toEqual(many.heldOut)
  })

  it.each([['paper', 'The corpus paper has no tables of executions'], [import.meta.dirname, 'has 0 configurations of the job sgd (machine_type r4.2xlarge']])(
    'of %s are refused', async (corpus, sentence) => { await expect(open('sgd', { corpus })).rejects.toThrow(sentence) })
})

describe('flaws', () => {
  it('have as many as the share says, of the kinds that are named, and always the same ones', async () => {
    const { items } = await open('pagerank')
    const flawed = withFlaws(items, { share: 0.3, kinds: ['scaled', 'minutes'], seed: 4 })
    const kinds = flawed.map(({ flaw }) => flaw).filter((flaw) => flaw != null)
    expect(kinds.length / items.length).toBeCloseTo(0.3, 1)
    expect(new Set(kinds)).toEqual(new Set(['scaled', 'minutes']))
    expect(withFlaws(items.slice(5), { share: 0.3, kinds: ['scaled', 'minutes'], seed: 4 }).map(({ flaw }) => flaw))
      .toEqual(flawed.slice(5).map(({ flaw }) => flaw))
    expect(withFlaws(items, { share: 0, kinds: [...flawNames], seed: 4 })).toEqual(items)
  })

  it('are what they are called', async () => {
    const items = (await open('sort')).items.slice(0, 8)
    const runtimes = async (list: typeof items): Promise<number[][]> =>
      Promise.all(list.map(async (item) => rowsOf(await item.bytes()).map((row) => Number(row['gross_runtime']))))
    const own = await runtimes(items)
    expect(await runtimes(withFlaws(items, { share: 1, kinds: ['scaled'], seed: 1 }))).toEqual(own.map((each) => each.map((s) => s * 10)))
    expect((await runtimes(withFlaws(items, { share: 1, kinds: ['minutes'], seed: 1 }))).flat())
      .toEqual(own.flat().map((s) => expect.closeTo(s / 60, 3)))
    const copies = withFlaws(items, { share: 1, kinds: ['duplicated'], seed: 1 })
    for (const [i, rows] of (await runtimes(copies)).entries()) {
      expect(own.filter((_, k) => k !== i)).toContainEqual(rows.toReversed())
    }
  })
})

describe('shares', () => {
  it('by context give each contributor its own, and lose none', async () => {
    const { items } = await open('kmeans', { testShare: 0.01 })
    const job = jobs.kmeans
    const ordered = orderByShares(items, job, 'context', 4)
    expect(new Set(ordered)).toEqual(new Set(items))
    for (const rank of [0, 1, 2, 3]) {
      const share = ordered.filter((_, i) => i % 4 === rank).map(({ attributes }) => attributes)
      const common = commonContext(job, share)
      expect(share.filter((row) => contextOf(job, row) === common).length / share.length).toBeGreaterThan(0.9)
    }
  })

  it('of any number of contributors are as large as they are when dealt', async () => {
    const { items } = await open('sgd')
    fc.assert(fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 60 }), (contributors, count) => {
      const some = items.slice(0, count)
      expect(new Set(orderByShares(some, jobs.sgd, 'context', contributors))).toEqual(new Set(some))
      expect(orderByShares(some, jobs.sgd, 'random', contributors)).toEqual(some)
    }))
  })
})
