import { exp, ln } from '../elementary.ts'
import type { Random } from '../random.ts'

/** How long something lasts, in milliseconds. */
export interface Distribution {
  readonly meanMs: number
  /** The probability that it lasts at most so long. */
  cdf (ms: number): number
  draw (random: Random): number
  /**
   * How long it still lasts for somebody who comes at any time: the equilibrium (residual life) distribution. Whoever starts with
   * whole lives instead sees too few long ones for as long as the tail is.
   */
  drawResidual (random: Random): number
}

const lanczosG = 7
/** Coefficients of the Lanczos approximation for g = 7, n = 9 (Godfrey 2001): 15 digits. */
const lanczos = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
  -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7
]
const lnSqrtTwoPi = 0.9189385332046727

/** The gamma function of a number above 0.5. */
export function gamma (x: number): number {
  const t = x - 1 + lanczosG + 0.5
  const sum = lanczos.slice(1).reduce((total, coefficient, i) => total + coefficient / (x + i), lanczos[0] ?? 0)
  return exp(lnSqrtTwoPi + (x - 0.5) * ln(t) - t) * sum
}

/** In (0, 1]: its logarithm is finite. */
function positive (random: Random): number {
  return 1 - random.uniform()
}

function power (base: number, exponent: number): number {
  return base === 0 ? 0 : exp(exponent * ln(base))
}

export function exponential (meanMs: number): Distribution {
  const draw = (random: Random): number => -meanMs * ln(positive(random))
  // It has no memory.
  return { meanMs, cdf: (ms) => 1 - exp(-Math.min(700, ms / meanMs)), draw, drawResidual: draw }
}

/** Weibull with this shape and scale. */
export function weibull (shape: number, scaleMs: number): Distribution {
  return {
    meanMs: scaleMs * gamma(1 + 1 / shape),
    cdf: (ms) => ms <= 0 ? 0 : 1 - exp(-Math.min(700, power(ms / scaleMs, shape))),
    draw: (random) => scaleMs * power(-ln(positive(random)), 1 / shape),
    // Lives that somebody comes upon are drawn by their length, and then somewhere within: for Weibull, by a gamma variable.
    drawResidual: (random) => random.uniform() * scaleMs * power(drawGamma(random, 1 + 1 / shape), 1 / shape)
  }
}

export function logNormal (medianMs: number, sigma: number): Distribution {
  return {
    meanMs: medianMs * exp(sigma * sigma / 2),
    cdf: (ms) => ms <= 0 ? 0 : normalCdf(ln(ms / medianMs) / sigma),
    draw: (random) => random.logNormal(medianMs, sigma),
    drawResidual: (random) => random.uniform() * random.logNormal(medianMs * exp(sigma * sigma), sigma)
  }
}

/** Shifted Pareto (Lomax), which begins at 0: P(X > x) = (1 + x / scale)^-alpha, for an alpha above 1. */
export function pareto (alpha: number, meanMs: number): Distribution {
  const scaleMs = meanMs * (alpha - 1)
  const drawWith = (exponent: number) => (random: Random): number => scaleMs * (power(positive(random), -1 / exponent) - 1)
  return {
    meanMs,
    cdf: (ms) => ms <= 0 ? 0 : 1 - power(1 + ms / scaleMs, -alpha),
    draw: drawWith(alpha),
    drawResidual: drawWith(alpha - 1)
  }
}

/** A gamma variable of scale 1 and a shape of at least 1 (Marsaglia and Tsang 2000). */
function drawGamma (random: Random, shape: number): number {
  const d = shape - 1 / 3
  const c = 1 / Math.sqrt(9 * d)

  for (;;) {
    const x = random.normal(0, 1)
    const v = (1 + c * x) ** 3

    if (v > 0 && ln(positive(random)) < x * x / 2 + d - d * v + d * ln(v)) {
      return d * v
    }
  }
}

/** Abramowitz and Stegun 26.2.17: within 7.5e-8. */
function normalCdf (z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z))
  const tail = exp(-Math.min(700, z * z / 2)) / Math.sqrt(2 * Math.PI) *
    t * (0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
  return z < 0 ? tail : 1 - tail
}
