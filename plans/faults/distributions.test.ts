import { describe, expect, it } from 'vitest'
import { createRandom } from '../random.ts'
import { exponential, gamma, logNormal, pareto, weibull } from './distributions.ts'
import { churnPresets } from './presets.ts'
import type { Distribution } from './distributions.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const draws = 40_000

/** The largest difference between what was drawn and a distribution function (Kolmogorov and Smirnov). */
function distance (drawn: readonly number[], cdf: (ms: number) => number): number {
  const sorted = drawn.toSorted((a, b) => a - b)
  return Math.max(...sorted.map((ms, i) => Math.max((i + 1) / sorted.length - cdf(ms), cdf(ms) - i / sorted.length)))
}

/** The residual life's own distribution function, by its definition: the integral of the survival function, over the mean. */
function residualCdf ({ meanMs, cdf }: Distribution): (ms: number) => number {
  // In steps that grow, for the tails are long and the first part is steep.
  const steps = Array.from({ length: 6_000 }, (_, i) => meanMs * 1e-9 * 1.0055 ** i)
  const sums: number[] = []
  steps.forEach((ms, i) => {
    const beforeMs = steps[i - 1] ?? 0
    sums.push((sums[i - 1] ?? 0) + (ms - beforeMs) * (1 - cdf((ms + beforeMs) / 2)) / meanMs)
  })
  return (ms) => sums[Math.min(steps.length - 1, Math.max(0, Math.round(Math.log(ms / (meanMs * 1e-9)) / Math.log(1.0055))))] ?? 0
}

/** What differs by chance once in a thousand times. */
const tolerance = 1.95 / Math.sqrt(draws)

const distributions: ReadonlyArray<[string, Distribution]> = [
  ['exponential', exponential(hourMs)], ['Weibull of shape 0.38', weibull(0.38, minuteMs)], ['Weibull of shape 0.8', weibull(0.8, minuteMs)],
  ['log-normal', logNormal(2 * hourMs, 1.647)], ['Pareto', pareto(3, hourMs)]
]

describe('a distribution', () => {
  it.each(distributions)('%s draws what its distribution function says', (name, { cdf, draw }) => {
    const random = createRandom(1, name)
    expect(distance(Array.from({ length: draws }, () => draw(random)), cdf)).toBeLessThan(tolerance)
  })

  it.each(distributions)('%s draws residual lives as the definition has them, and not whole ones', (name, distribution) => {
    const random = createRandom(2, name)
    const drawn = Array.from({ length: draws }, () => distribution.drawResidual(random))
    expect(distance(drawn, residualCdf(distribution))).toBeLessThan(tolerance + 0.003)

    if (name !== 'exponential') {
      expect(distance(drawn, distribution.cdf)).toBeGreaterThan(0.05)
    }
  })

  it('exponential, Weibull and Pareto have the means that were asked for', () => {
    for (const distribution of [exponential(hourMs), weibull(0.8, minuteMs), pareto(3, hourMs)]) {
      const random = createRandom(3)
      const meanMs = Array.from({ length: draws }, () => distribution.draw(random)).reduce((sum, ms) => sum + ms, 0) / draws
      expect(meanMs / distribution.meanMs).toBeCloseTo(1, 1)
    }
  })

  it('of the gamma function has its known values', () => {
    expect(gamma(1)).toBeCloseTo(1, 12)
    expect(gamma(5)).toBeCloseTo(24, 10)
    expect(gamma(1.5)).toBeCloseTo(Math.sqrt(Math.PI) / 2, 12)
  })
})

describe('a preset', () => {
  it.each([
    ['bt-debian', 163, 16.2], ['bt-redhat', 119, 7.2], ['bt-flatout', 64.5, 22.5], ['kad-steady', 247, 93]
  ] as const)('%s has the mean and the median of its source, in minutes', (name, mean, median) => {
    const { session } = churnPresets[name]
    expect(session.meanMs / minuteMs / mean).toBeCloseTo(1, 1)
    expect(session.cdf(median * minuteMs)).toBeCloseTo(0.5, 2)
  })

  it('ipfs-2022 has half of its sessions below two hours, and four of five below eight', () => {
    const { session } = churnPresets['ipfs-2022']
    expect([session.cdf(2 * hourMs), session.cdf(8 * hourMs)].map((p) => Math.round(p * 100))).toEqual([50, 80])
  })

  it('ipfs-sigcomm22 has 87.6 % of its sessions below eight hours, and 2.5 % above a day', () => {
    const { session } = churnPresets['ipfs-sigcomm22']
    expect([session.cdf(8 * hourMs), 1 - session.cdf(24 * hourMs)].map((p) => Math.round(p * 1000))).toEqual([876, 25])
  })
})
