import { describe, expect, it } from 'vitest'
import { auditedBy, compareReports } from './audit.ts'
import { holdingsOf } from './holdings.ts'
import { modelling } from '../cases/modelling.ts'
import type { Arrivals } from '../arrivals.ts'
import type { Members } from '../members.ts'

const arrivalsAt = (times: Record<string, number | undefined>): Arrivals => ({
  byHash: new Map(Object.entries(times).map(([hash, fileMs]) => [hash, fileMs == null ? {} : { fileMs }]))
}) as unknown as Arrivals

describe('what a peer had to learn from', () => {
  const posted = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
  const arrivals = arrivalsAt({ a: 50, b: 10, c: 20, d: 40, e: 30, f: 60, g: 80, h: 70 })

  it('is its own, what it first held of each size, and all', () => {
    const holdings = holdingsOf(arrivals, { posted, own: new Set(['a', 'b']), checkpoints: [0.5, 0.1, 0.12, 1] })
    expect(holdings.map(({ data, hashes, corpusHeld, atMs }) => [data, hashes.join(''), corpusHeld, atMs])).toEqual([
      ['local', 'ba', 0.25, 50], ['partial', 'b', 0.125, 10], ['partial', 'bced', 0.5, 40], ['full', 'bcedafhg', 1, 80]
    ])
  })

  it('leaves out what never came, and says so', () => {
    const holdings = holdingsOf(arrivalsAt({ a: 1, b: undefined }), { posted: ['a', 'b'], own: new Set(), checkpoints: [] })
    expect(holdings).toEqual([{ data: 'full', hashes: ['a'], corpusHeld: 0.5, atMs: 1 }])
  })
})

describe('the audit of reports', () => {
  const members = { all: [{ name: 'peers/0' }, { name: 'peers/1' }] } as unknown as Members
  const report = { index: 1, rejected: [], errors: [{ model: 'gbm', target: 'all', mape: 4 } as const] }

  it('has each instance recomputed once, by another one', () => {
    expect([0, 1, 2, 3].map((index) => auditedBy(index, 4)).sort()).toEqual([0, 1, 2, 3])
    expect(auditedBy(3, 4)).toBe(0)
  })

  it('accepts what is the same but for rounding, and names who reported anything else', () => {
    expect(compareReports(members, report, [{ model: 'gbm', target: 'all', mape: 4 * (1 + 1e-12) }])).toBeUndefined()
    expect(compareReports(members, report, [{ model: 'gbm', target: 'all', mape: 4.1 }])?.message)
      .toMatch(/^instance 1 \(peers\/1\) reports that gbm, fitted to the whole corpus, errs by 4\.00000 %, where 4\.10000 % follows/)
    expect(compareReports(members, report, [{ model: 'bom', target: 'all', mape: 1 }])?.message).toContain('errs by nothing, where')
    expect(compareReports(members, { ...report, errors: [] }, [{ model: 'bom', target: 'all' }])).toBeUndefined()
  })
})

describe('before anything starts, the case refuses', () => {
  it.each<[string, Record<string, string>, string]>([
    ['a model that is none', { models: 'ernest,magic' }, 'parameter models = "ernest,magic" of case modelling must be some of ernest, gbm'],
    ['a model twice', { models: 'gbm,gbm' }, 'parameter models = "gbm,gbm" of case modelling must be some of ernest, gbm'],
    ['a checkpoint above 1', { checkpoints: '0.5,2' }, 'parameter checkpoints = "0.5,2" of case modelling must be numbers from 0 to 1'],
    ['that nothing is held out', { test_share: '0' }, 'parameter test_share = "0" of case modelling must be above 0 and below 1'],
    ['a corpus without executions', { corpus: 'small' }, 'The corpus small has no tables of executions.'],
    ['readers alone', { role: 'reader' }, 'no group has role = "contributor"']
  ])('%s', async (_, params, sentence) => {
    await expect(modelling.check([{ id: 'peers', count: 2, params }])).rejects.toThrow(sentence)
  })

  it('nothing else, and says what is contributed', async () => {
    expect(await modelling.check([{ id: 'peers', count: 2, params: { contributions: '50' } }]))
      .toEqual(['corpus: 50 configurations of sgd from generated tables like those of C3O, 14 others to predict, seed 1'])
  })
})
