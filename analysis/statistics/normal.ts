/** Below this the series needs few terms and loses no digits; beyond it the continued fraction is quicker. */
const seriesTo = 3

/**
 * The standard normal distribution function, to 1e-14 and in the tails to as much of the value.
 *
 * Source: G. Marsaglia, "Evaluating the Normal Distribution", Journal of Statistical Software 11 (2004), no. 4, for the
 * series; M. Abramowitz and I. A. Stegun, "Handbook of Mathematical Functions" (1964), 26.2.14, for the continued fraction.
 */
export function normalCdf (x: number): number {
  const size = Math.abs(x)
  if (size > seriesTo) return x < 0 ? upperTail(size) : 1 - upperTail(size)
  let term = x
  let sum = x
  for (let odd = 3; Math.abs(term) > 1e-18 * Math.abs(sum); odd += 2) {
    term *= x * x / odd
    sum += term
  }
  return 0.5 + sum * density(x)
}

/** The chance of a standard normal value beyond x, without loss where it is small. */
export function normalTail (x: number): number {
  return normalCdf(-x)
}

function density (x: number): number {
  return Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI)
}

function upperTail (x: number): number {
  let fraction = x
  for (let depth = 200; depth >= 1; depth--) fraction = x + depth / fraction
  return density(x) / fraction
}

const centre = {
  over: [2.5090809287301226727e3, 3.3430575583588128105e4, 6.7265770927008700853e4, 4.5921953931549871457e4,
    1.3731693765509461125e4, 1.9715909503065514427e3, 1.3314166789178437745e2, 3.3871328727963666080],
  under: [5.2264952788528545610e3, 2.8729085735721942674e4, 3.9307895800092710610e4, 2.1213794301586595867e4,
    5.3941960214247511077e3, 6.8718700749205790830e2, 4.2313330701600911252e1, 1]
}
const shoulder = {
  over: [7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1, 1.27045825245236838258,
    3.64784832476320460504, 5.76949722146069140550, 4.63033784615654529590, 1.42343711074968357734],
  under: [1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2, 1.48103976427480074590e-1,
    6.89767334985100004550e-1, 1.67638483018380384940, 2.05319162663775882187, 1]
}
const tail = {
  over: [2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3, 2.65321895265761230930e-2,
    2.96560571828504891230e-1, 1.78482653991729133580, 5.46378491116411436990, 6.65790464350110377720],
  under: [2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5, 7.86869131145613259100e-4,
    1.48753612908506148525e-2, 1.36929880922735805310e-1, 5.99832206555887937690e-1, 1]
}

/**
 * The quantile of the standard normal distribution, to about 1e-16 of its value.
 *
 * Source: M. J. Wichura, "Algorithm AS 241: The Percentage Points of the Normal Distribution", Applied Statistics 37
 * (1988), 477-484, PPND16.
 *
 * @param p - probability; 0 gives minus infinity, 1 infinity
 */
export function normalQuantile (p: number): number {
  if (!(p >= 0 && p <= 1)) throw new RangeError(`No normal quantile of probability ${p}.`)
  if (p === 0 || p === 1) return p === 0 ? -Infinity : Infinity
  const off = p - 0.5
  if (Math.abs(off) <= 0.425) return off * rational(centre, 0.180625 - off * off)
  const depth = Math.sqrt(-Math.log(off < 0 ? p : 1 - p))
  const size = depth <= 5 ? rational(shoulder, depth - 1.6) : rational(tail, depth - 5)
  return off < 0 ? -size : size
}

function rational ({ over, under }: typeof centre, x: number): number {
  const at = (coefficients: readonly number[]): number => coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0)
  return at(over) / at(under)
}
