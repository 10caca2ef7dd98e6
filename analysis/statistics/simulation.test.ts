import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  bootstrap, cliffsDelta, createRandom, dipTest, drift, geometricMean, hodgesLehmann, holm, kaplanMeier, leastP, leastPairedP,
  mannWhitney, pairedShift, powerLaw, signedRank, theilSen, trimmedSlope
} from './index.ts'
import { normalQuantile } from './normal.ts'

const normalDraws = (seed: number): (() => number) => {
  const random = createRandom(seed)
  return () => normalQuantile(random() || Number.MIN_VALUE)
}
const sampleOf = (n: number, draw: () => number): number[] => Array.from({ length: n }, draw)
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
/** The share of 2,000 simulated samples for which something holds. */
const shareOf = (holds: () => boolean, simulations = 2000): number => mean(sampleOf(simulations, () => Number(holds())))

describe('intervals of 95 %, by simulation', () => {
  it('of the bootstrap cover between 93 and 97 %, of a mean of 30 runs', () => {
    const draw = normalDraws(1)
    let seed = 0
    const covered = shareOf(() => {
      const { low, high } = bootstrap(sampleOf(30, draw), mean, { seed: seed++, resamples: 500 })
      return low <= 0 && high >= 0
    })
    expect(covered).toBeGreaterThanOrEqual(0.93)
    expect(covered).toBeLessThanOrEqual(0.97)
  })

  it('of clusters cover between 93 and 97 % when runs are resampled, and far less when rows are', () => {
    const draw = normalDraws(2)
    const runOf = (): number[] => {
      const own = draw()
      return sampleOf(5, () => own + draw())
    }
    const covers = ({ low, high }: { low: number, high: number }): boolean => low <= 0 && high >= 0
    let seed = 0
    const byRun = shareOf(() => covers(bootstrap(Array.from({ length: 30 }, () => mean(runOf())), mean, { seed: seed++, resamples: 500 })))
    const byRow = shareOf(() => covers(bootstrap(Array.from({ length: 30 }, runOf).flat(), mean, { seed: seed++, resamples: 100 })), 200)
    expect(byRun).toBeGreaterThanOrEqual(0.93)
    expect(byRun).toBeLessThanOrEqual(0.97)
    expect(byRow).toBeLessThan(0.85)
  })

  it('of a shift cover no less than they say, between two samples and of pairs', () => {
    const draw = normalDraws(3)
    const between = shareOf(() => {
      const { low, high } = hodgesLehmann(sampleOf(10, draw), sampleOf(10, () => draw() + 1))
      return low <= 1 && high >= 1
    })
    const paired = shareOf(() => {
      const { low, high } = pairedShift(sampleOf(12, () => draw() + 1))
      return low <= 1 && high >= 1
    })
    for (const covered of [between, paired]) {
      expect(covered).toBeGreaterThanOrEqual(0.94)
      expect(covered).toBeLessThanOrEqual(0.975)
    }
  })
})

describe('tests of significance, by simulation', () => {
  it('find a difference where there is none in at most 5 %', () => {
    const draw = normalDraws(4)
    const rounded = (): number => Math.round(2 * draw())
    for (const each of [draw, rounded]) {
      expect(shareOf(() => mannWhitney(sampleOf(8, each), sampleOf(8, each)).p <= 0.05)).toBeLessThanOrEqual(0.06)
      expect(shareOf(() => signedRank(sampleOf(10, each)).p <= 0.05)).toBeLessThanOrEqual(0.06)
      expect(shareOf(() => drift(sampleOf(10, each)).p <= 0.05)).toBeLessThanOrEqual(0.06)
    }
  })

  it('tell two heaps from one', () => {
    const draw = normalDraws(5)
    const heaps = sampleOf(40, draw).map((value, index) => index % 2 === 0 ? value : value + 6)
    expect(dipTest(heaps, { seed: 1 }).p).toBeLessThan(0.01)
    expect(dipTest(sampleOf(40, draw), { seed: 1 }).p).toBeGreaterThan(0.1)
  })
})

describe('what each method holds to', () => {
  const values = fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 1, maxLength: 12 })

  it('a change of sides changes the sign, and leaves p', () => {
    fc.assert(fc.property(values, values, (base, head) => {
      expect(mannWhitney(base, head).p).toBeCloseTo(mannWhitney(head, base).p, 12)
      expect(cliffsDelta(base, head)).toBeCloseTo(-cliffsDelta(head, base), 12)
      const [there, back] = [hodgesLehmann(base, head), hodgesLehmann(head, base)]
      expect([there.shift + back.shift, there.low + back.high, there.high + back.low]).toEqual([0, 0, 0])
    }))
  })

  it('no p is below the least that so many values can give', () => {
    fc.assert(fc.property(values, values, (base, head) => {
      expect(mannWhitney(base, head).p).toBeGreaterThanOrEqual(leastP(base.length, head.length) * (1 - 1e-9))
      expect(signedRank(base).p).toBeGreaterThanOrEqual(leastPairedP(base.length) * (1 - 1e-9))
    }))
    expect(leastP(4, 4)).toBeCloseTo(2 / 70, 12)
    expect(leastPairedP(6)).toBe(2 / 64)
  })

  it('ranks a wait without end as the largest', () => {
    expect(mannWhitney([1, 2, 3], [4, 5, Infinity]).p).toBeCloseTo(0.1, 12)
  })

  it('Holm never makes a p smaller, and keeps their order', () => {
    expect(holm([0.01, 0.04, 0.03])).toEqual([0.03, 0.06, 0.06])
    expect(holm([])).toEqual([])
  })

  it('the distribution with censoring is the plain one where nothing ran out, and its interval holds it', () => {
    const steps = kaplanMeier([1, 2, 3, 4].map((value) => ({ value, censored: value === 3 })))
    expect(steps.map(({ fraction }) => fraction)).toEqual([0.25, 0.5, 1])
    for (const { low, fraction, high } of steps) expect(low <= fraction && fraction <= high).toBe(true)
  })

  it('robust slopes pass over a point that is wrong, and the law of a square is found', () => {
    const points = [1, 2, 3, 4, 5, 6, 7].map((x): [number, number] => [x, x === 6 ? 500 : 3 * x])
    expect(theilSen(points)).toMatchObject({ slope: 3, intercept: 0 })
    expect(trimmedSlope(points, 0.4)).toBe(3)
    expect(powerLaw([[1, 2], [2, 8], [4, 32]]).exponent).toBeCloseTo(2, 12)
    expect(() => theilSen([[1, 1], [1, 2]])).toThrow('two different x')
    expect(() => powerLaw([[1, 1], [2, 0], [3, 1]])).toThrow('all above 0')
  })

  it('twice and half cancel out in a geometric mean, whose interval wants two', () => {
    expect(geometricMean([2, 0.5]).mean).toBeCloseTo(1, 12)
    const three = expect.closeTo(3, 12) as number
    expect(geometricMean([3])).toEqual({ mean: three, low: three, high: three })
  })

  it('the same seed gives the same bootstrap, and another one another', () => {
    const units = [3, 1, 4, 1, 5, 9, 2, 6]
    const first = bootstrap(units, mean, { seed: 7 })
    expect(bootstrap(units, mean, { seed: 7 })).toEqual(first)
    expect(bootstrap(units, mean, { seed: 8 })).not.toEqual(first)
    expect(bootstrap([5, 5, 5], mean, { seed: 7 })).toEqual({ estimate: 5, low: 5, high: 5 })
    expect(() => bootstrap([5], mean, { seed: 7 })).toThrow('takes two')
  })
})
