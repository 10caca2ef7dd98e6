/**
 * Student's t distribution function, over the incomplete beta function.
 *
 * Source: M. Abramowitz and I. A. Stegun, "Handbook of Mathematical Functions" (1964), 26.7.1 and 26.5.8.
 *
 * @param degrees - degrees of freedom, above 0
 */
export function studentCdf (t: number, degrees: number): number {
  const tail = incompleteBeta(degrees / (degrees + t * t), degrees / 2, 0.5) / 2
  return t < 0 ? tail : 1 - tail
}

/**
 * The t that a two-sided interval reaches to, by bisection of the distribution function.
 *
 * @param confidence - from 0 to below 1
 */
export function studentReach (confidence: number, degrees: number): number {
  if (!(confidence >= 0 && confidence < 1 && degrees > 0)) throw new RangeError(`No reach of confidence ${confidence} with ${degrees} degrees of freedom.`)
  const outside = 1 - confidence
  const beyond = (t: number): number => incompleteBeta(degrees / (degrees + t * t), degrees / 2, 0.5)
  let [low, high] = [0, 1]
  while (beyond(high) > outside) high *= 2
  for (let step = 0; step < 100 && high - low > 1e-15 * high; step++) {
    const middle = (low + high) / 2
    if (beyond(middle) > outside) low = middle
    else high = middle
  }
  return (low + high) / 2
}

/** The regularised incomplete beta function by its continued fraction (Lentz's way), which converges below the mean. */
function incompleteBeta (x: number, a: number, b: number): number {
  if (x <= 0 || x >= 1) return x <= 0 ? 0 : 1
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a)
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x)) / a
  let c = 1
  let d = 1 / (1 - (a + b) * x / (a + 1))
  let fraction = d
  for (let m = 1; m < 500; m++) {
    const even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
    const odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
    const before = fraction
    for (const step of [even, odd]) {
      d = 1 / (1 + step * d)
      c = 1 + step / c
      fraction *= c * d
    }
    if (Math.abs(fraction - before) <= 1e-16 * Math.abs(fraction)) break
  }
  return front * fraction
}

const lanczos = [
  676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905, -0.13857109526572012,
  9.9843695780195716e-6, 1.5056327351493116e-7
]

/** The logarithm of the gamma function of x above 0 (Lanczos, g = 7). */
function logGamma (x: number): number {
  const sum = lanczos.reduce((total, coefficient, index) => total + coefficient / (x + index), 0.99999999999980993)
  const shifted = x + 6.5
  return (x - 0.5) * Math.log(shifted) - shifted + Math.log(Math.sqrt(2 * Math.PI) * sum)
}
