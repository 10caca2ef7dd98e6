import { describe, expect, it } from 'vitest'
import { bcaInterval } from './bootstrap.ts'
import { cliffsDelta } from './cliffs-delta.ts'
import { dip } from './dip.ts'
import { drift } from './drift.ts'
import { expectClose, expectFields, fixtures } from './fixtures.test-helper.ts'
import { geometricMean } from './geometric-mean.ts'
import { hodgesLehmann } from './hodges-lehmann.ts'
import { holm } from './holm.ts'
import { kaplanMeier } from './kaplan-meier.ts'
import { mannWhitney } from './mann-whitney.ts'
import { medianInterval } from './median-interval.ts'
import { normalCdf, normalQuantile } from './normal.ts'
import { powerLaw } from './power-law.ts'
import { quantile } from './quantile.ts'
import { pairedShift, signedRank } from './signed-rank.ts'
import { theilSen, trimmedSlope } from './slope.ts'
import { studentCdf, studentReach } from './student.ts'

/** How many digits below 1 are relative: tails are compared by their logarithm. */
const expectTail = (found: number, expected: number): void => { expectClose(Math.log(found), Math.log(expected)) }

describe('agreement with SciPy, statsmodels and diptest to 1e-9', () => {
  it('of quantiles', () => {
    for (const { values, p, expected } of fixtures.quantile) {
      const sorted = values.toSorted((a, b) => a - b)
      p.forEach((each, index) => { expectClose(quantile(sorted, each), expected[index]!) })
    }
  })

  it('of the interval of a median', () => {
    for (const { values, ...expected } of fixtures.medianInterval) expectFields(medianInterval(values), expected)
  })

  it('of the normal distribution, far tails by their logarithm', () => {
    const { x, cdf, p, quantile: quantiles } = fixtures.normal
    x.forEach((each, index) => { expectTail(normalCdf(each), cdf[index]!) })
    p.forEach((each, index) => { expectClose(normalQuantile(each), quantiles[index]!) })
  })

  it('of Student\'s distribution', () => {
    for (const { degrees, t, cdf, reach } of fixtures.student) {
      t.forEach((each, index) => { expectClose(studentCdf(each, degrees), cdf[index]!) })
      expectClose(studentReach(0.95, degrees), reach)
    }
  })

  it.for(fixtures.twoSamples.map((each) => [`${each.base.length} against ${each.head.length} values`, each] as const))(
    'of Mann-Whitney\'s U, Cliff\'s delta and the Hodges-Lehmann shift, %s', ([, { base, head, u, p, delta, hodgesLehmann: shift }]) => {
      expectFields(mannWhitney(base, head), { u })
      expectTail(mannWhitney(base, head).p, p)
      expectClose(cliffsDelta(base, head), delta)
      expectFields(hodgesLehmann(base, head), { ...shift })
    })

  it.for(fixtures.paired.map((each) => [`${each.differences.length} differences`, each] as const))(
    'of the signed-rank test and its interval, %s', ([, { differences, w, p, interval }]) => {
      expectFields(signedRank(differences), { w })
      expectTail(signedRank(differences).p, p)
      if (interval !== null) expectFields(pairedShift(differences), { ...interval })
    })

  it('of Holm\'s correction', () => {
    const { p, expected } = fixtures.holm
    holm(p).forEach((each, index) => { expectClose(each, expected[index]!) })
  })

  it('of Kaplan and Meier\'s estimate and Greenwood\'s error', () => {
    for (const { samples, values, atRisk, survival, standardError } of fixtures.kaplanMeier) {
      const expected = values.map((value, index) =>
        ({ value, atRisk: atRisk[index]!, fraction: 1 - survival[index]!, standardError: standardError[index] ?? 0 }))
      const steps = kaplanMeier(samples)
      // statsmodels lists values at which only waits ran out, too; nothing steps there.
      const stepping = expected.filter(({ fraction }, index) => Math.abs(fraction - (expected[index - 1]?.fraction ?? 0)) > 1e-12)
      expect(steps.length).toBe(stepping.length)
      steps.forEach((step, index) => { expectFields(step, stepping[index]!) })
    }
  })

  it('of Theil and Sen\'s slope, and of the trimmed one', () => {
    for (const { points, trimmed, ...expected } of fixtures.slope) {
      expectFields(theilSen(points), expected)
      expectClose(trimmedSlope(points, 0.25), trimmed)
    }
  })

  it('of a power law', () => {
    const { points, ...expected } = fixtures.powerLaw
    expectFields(powerLaw(points), expected)
  })

  it('of a geometric mean', () => {
    const { ratios, ...expected } = fixtures.geometricMean
    expectFields(geometricMean(ratios), expected)
  })

  it('of the BCa interval, over all resamples there are', () => {
    for (const { estimate, distribution, without, ...expected } of fixtures.bca) {
      expectFields(bcaInterval(estimate, distribution, without), expected)
    }
  })

  it('of drift', () => {
    for (const { values, ...expected } of fixtures.drift) expectFields(drift(values), expected)
  })

  it('of the dip', () => {
    for (const each of fixtures.dip) expectClose(dip(each.values), each.dip)
  })
})
