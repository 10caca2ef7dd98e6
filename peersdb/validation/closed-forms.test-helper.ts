import { expect } from 'vitest'

const choose = (n: number, k: number): number => k === 0 ? 1 : choose(n - 1, k - 1) * n / k

/** That most of n voters are right, each of them with probability p, independently; n is odd (Condorcet 1785). */
export function majorityRight (p: number, n: number): number {
  return Array.from({ length: (n + 1) / 2 }, (_, i) => i + (n + 1) / 2)
    .reduce((sum, k) => sum + choose(n, k) * p ** k * (1 - p) ** (n - k), 0)
}

/** That most of q drawn without replacement from n are among the share f of n that collude: the hypergeometric distribution's tail. */
export function sampleCaptured (f: number, n: number, q: number): number {
  const bad = Math.round(f * n)
  return Array.from({ length: (q + 1) / 2 }, (_, i) => i + (q + 1) / 2)
    .reduce((sum, k) => sum + choose(bad, k) * choose(n - bad, q - k) / choose(n, q), 0)
}

/** The interval in which the number of successes of independent trials lies but for one chance in ten thousand, half of it on each side. */
export function binomialInterval (trials: number, probability: number): { least: number, most: number } {
  const outside = 0.5e-4
  const chances = new Array<number>(trials + 1)
  let logChance = trials * Math.log1p(-probability)

  for (let k = 0; k <= trials; k++) {
    chances[k] = Math.exp(logChance)
    logChance += Math.log((trials - k) / (k + 1) * probability / (1 - probability))
  }

  const within = (from: number, step: number): number => {
    let tail = 0
    let k = from

    while ((tail += chances[k] ?? 1) <= outside) {
      k += step
    }

    return k
  }

  return { least: within(0, 1), most: within(trials, -1) }
}

/** Says of a number of successes whether it can be chance that it is not the expected one. */
export function expectBinomial (successes: number, trials: number, probability: number): void {
  const { least, most } = binomialInterval(trials, probability)
  expect(successes).toBeGreaterThanOrEqual(least)
  expect(successes).toBeLessThanOrEqual(most)
}
