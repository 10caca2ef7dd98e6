import { InvalidInputError } from './errors.ts'
import type { Filter, NumberRange } from './api.ts'

const number = '-?\\d*\\.?\\d+(?:[eE][+-]?\\d+)?'
const range = new RegExp(`^(${number})?\\.\\.(${number})?$`)

/** `lo..hi`, `lo..` and `..hi` are ranges of numbers; everything else is the text itself. */
export function parseValue (value: string): string | NumberRange {
  const [match, min, max] = range.exec(value) ?? []

  if (match == null || (min == null && max == null)) {
    return value
  }

  return { ...(min == null ? {} : { min: Number(min) }), ...(max == null ? {} : { max: Number(max) }) }
}

/**
 * The attributes that `name=value` texts ask for; a name that occurs twice may have either value.
 *
 * @throws {InvalidInputError} where one is not written so
 */
export function parseWhere (texts: readonly string[]): NonNullable<Filter['attributes']> {
  const values = Map.groupBy(texts.map(splitPair), ([name]) => name)

  return Object.fromEntries([...values].map(([name, pairs]) => {
    const [[, only] = ['', '']] = pairs
    return [name, pairs.length === 1 ? parseValue(only) : pairs.map(([, value]) => value)]
  }))
}

function splitPair (text: string): [name: string, value: string] {
  const at = text.indexOf('=')

  if (at < 1) {
    throw new InvalidInputError(`"${text.slice(0, 100)}" names no attribute; write <name>=<value>, such as workload=sort or slots=8..32`)
  }

  return [text.slice(0, at), text.slice(at + 1)]
}
