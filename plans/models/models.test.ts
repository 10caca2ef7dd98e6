import { describe, expect, it } from 'vitest'
import { modelNames, models } from './index.ts'
import { crossValidated } from './selection.ts'
import { ernestCoefficients } from './ernest.ts'
import { growTree, rankColumns, valueOf } from './tree.ts'
import type { ModelName } from './index.ts'
import type { Sample } from './model.ts'

/** Made-up executions, every fifth of a grid left out. */
const samples: readonly Sample[] = [2, 4, 6, 8, 12]
  .flatMap((machines) => [10, 25, 37].flatMap((size) => [1, 3].map((k) => [machines, size, k] as const)))
  .map(([machines, size, k], i) => ({
    features: [machines, size, k],
    runtimeSeconds: 20 + 9 * size * k / machines + 2.5 * machines + i * 7919 % 13
  }))
  .filter((_, i) => i % 5 !== 4)

/** The last one is on more machines, and larger, than any that a model has seen. */
const asked = [[3, 10, 1], [4, 25, 3], [10, 37, 2], [16, 40, 3]]

describe('fitted to the same samples', () => {
  // Predictions of scikit-learn 1.7 and, for Ernest, scipy 1.16, put together as the C3O predictor does.
  const expected: Partial<Record<ModelName, number[]>> = {
    gbm: [69.99741836302185, 212.7713161730443, 86.60508603281778, 153.72244249955858],
    bom: [52.55677096589966, 204.0556174740332, 124.15196055118895, 161.17604613029954],
    ogb: [133.87534022731015, 200.93308892823137, 79.78038549334362, 171.8749829671091],
    linear: [70.92632502521859, 234.4771430522865, 142.29111676193673, 117.49841333221246],
    'log-linear': [71.85343946648314, 201.50700219260145, 122.88956900464026, 116.03831864545704]
  }

  it.each(Object.entries(expected))('%s predicts what scikit-learn does', (name, values) => {
    const predict = models[name as ModelName](samples)
    asked.forEach((features, i) => { expect(predict(features)).toBeCloseTo(values[i]!, 3) })
  })

  it('ernest has the coefficients that scipy finds', () => {
    expect(ernestCoefficients(samples)).toEqual([0, 23.169717068817313, 0, 3.129458306429613].map((value) => expect.closeTo(value, 8)))
  })

  it('c3o is the one that does best in cross-validation', () => {
    const candidates = ['bom', 'ogb', 'gbm', 'ernest'] as const
    const [best] = candidates.toSorted((a, b) => crossValidated(models[a], samples) - crossValidated(models[b], samples))
    expect(best).toBe('bom')
    const [chosen, own] = [models.c3o(samples), models[best!](samples)]
    asked.forEach((features) => { expect(chosen(features)).toBe(own(features)) })
  })
})

describe.each(modelNames)('the model %s', (name) => {
  it('of one sample, and of many with one runtime, expects that runtime', () => {
    const one = { features: [4, 10, 1], runtimeSeconds: 100 }
    const predict = models[name]([one])
    expect(predict(one.features)).toBeCloseTo(100, 8)
    const constant = models[name](samples.map(({ features }) => ({ features, runtimeSeconds: 50 })))
    expect(constant([6, 25, 1])).toBeCloseTo(50, 8)
  })

  it('does not depend on what was fitted before, and is a number for features that nobody saw', () => {
    const first = models[name](samples)
    models[name](samples.slice(3, 9))
    const again = models[name](samples)
    ;[...asked, [1000, 1e9, 0]].forEach((features) => {
      expect(first(features)).toBe(again(features))
      expect(first(features)).not.toBeNaN()
    })
  })
})

describe('a tree', () => {
  it('splits halfway between the neighbours that are in the node, and stops where nothing is to be gained', () => {
    const leaves: number[][] = []
    const tree = growTree(rankColumns([[1], [2], [10], [20]]), Float64Array.of(5, 5, 9, 9), 3, (rows) => { leaves.push([...rows]) })
    expect(leaves).toEqual([[0, 1], [2, 3]])
    expect(tree.threshold).toBe(6)
    expect([[6], [6.1]].map((features) => valueOf(tree, features))).toEqual([5, 9])
  })

  it('has no more levels than it may', () => {
    const rows = Array.from({ length: 32 }, (_, i) => [i])
    const counted: number[] = []
    growTree(rankColumns(rows), Float64Array.from(rows, ([i]) => i! ** 2), 3, (members) => { counted.push(members.length) })
    expect(counted).toHaveLength(8)
    expect(counted.reduce((sum, count) => sum + count, 0)).toBe(32)
  })
})
