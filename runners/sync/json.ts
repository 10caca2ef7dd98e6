import { MalformedRequestError } from './errors.ts'

/** Deeper payloads are refused: the encoder is recursive, and no plan needs them. Go's own decoder stops at 10,000. */
const depthMax = 1_000

const escapes: Record<string, string> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029'
}

/** A string as Go's `json.Marshal` writes it: HTML characters and line separators escaped, lone surrogates replaced. */
export function goString (value: string): string {
  return JSON.stringify(value.toWellFormed()).replace(/[<>&\u2028\u2029]/g, (character) => escapes[character] ?? character)
}

function goNumber (value: number): string {
  if (!Number.isFinite(value)) throw new MalformedRequestError('a number is too large for a 64-bit float')
  return Object.is(value, -0) ? '-0' : String(value)
}

/** Go sorts map keys by their UTF-8 bytes, which differs from JavaScript's order only where surrogates occur. */
function compareKeys (a: string, b: string): number {
  if (/[\ud800-\udfff]/.test(a) || /[\ud800-\udfff]/.test(b)) return Buffer.compare(Buffer.from(a), Buffer.from(b))
  return a < b ? -1 : a > b ? 1 : 0
}

/**
 * Encodes a decoded JSON value byte for byte as Testground's service does, which decodes payloads into Go's
 * `interface{}` and marshals them again: keys sorted, every number a 64-bit float, `undefined` as `null`.
 *
 * @throws MalformedRequestError for a number that is not finite and for nesting deeper than 1,000 levels
 */
export function goJson (value: unknown, depth = 0): string {
  if (depth > depthMax) throw new MalformedRequestError(`a value is nested deeper than ${depthMax} levels`)
  if (value === null || value === undefined) return 'null'
  if (typeof value === 'string') return goString(value)
  if (typeof value === 'number') return goNumber(value)
  if (typeof value === 'boolean') return String(value)
  if (Array.isArray(value)) return `[${value.map((item) => goJson(item, depth + 1)).join(',')}]`
  const fields = Object.entries(value).sort(([a], [b]) => compareKeys(a, b))
  return `{${fields.map(([key, item]) => `${goString(key)}:${goJson(item, depth + 1)}`).join(',')}}`
}
