/**
 * Logarithm and exponential from `+ - * /` alone. IEEE 754 fixes the last bit of those four, while the language leaves the
 * last bit of `Math.log` and `Math.exp` to the engine, and a generated file must be the same bytes under every Node version.
 */
const LN2 = 0.6931471805599453
const SQRT_HALF = 0.7071067811865476

/** Natural logarithm of a positive finite number, within 4e-16 of the size of the result (or of 1, near 1). */
export function ln (x: number): number {
  if (!(x > 0 && x < Infinity)) throw new RangeError(`ln needs a positive finite number, not ${x}`)
  let mantissa = x
  let exponent = 0
  while (mantissa >= 2 * SQRT_HALF) { mantissa /= 2; exponent++ }
  while (mantissa < SQRT_HALF) { mantissa *= 2; exponent-- }
  // ln m = 2 artanh((m - 1) / (m + 1)); the argument stays below 0.172, where ten terms exhaust a double.
  const s = (mantissa - 1) / (mantissa + 1)
  const square = s * s
  let sum = 0
  for (let k = 21; k >= 1; k -= 2) sum = sum * square + 1 / k
  return 2 * s * sum + exponent * LN2
}

/** e to the power of x for |x| <= 700, within 1e-13 relative. */
export function exp (x: number): number {
  if (!(x >= -700 && x <= 700)) throw new RangeError(`exp needs a number between -700 and 700, not ${x}`)
  const exponent = Math.round(x / LN2)
  const rest = x - exponent * LN2
  let sum = 1
  for (let k = 15; k >= 1; k--) sum = 1 + sum * rest / k
  for (let k = 0; k < exponent; k++) sum *= 2
  for (let k = 0; k > exponent; k--) sum /= 2
  return sum
}
