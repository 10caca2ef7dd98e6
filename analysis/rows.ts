/**
 * Rows of Testground's `results.out`: one JSON object per line, with the metric's name and tags in
 * one string ("metric,tag=value,tag=value") and its numbers under `measures`.
 */

/** Where a row comes from: run id, group and number of the instance within its group. */
export interface InstanceId {
  run: string
  group: string
  index: number
}

export interface Row extends InstanceId {
  metric: string
  tags: Readonly<Record<string, string>>
  /** Numbers in the metric's unit; `value` is the headline. */
  measures: Readonly<Record<string, number>>
  /** Nanoseconds, rounded to what a double can hold: good for order, not for arithmetic. */
  ts: number
}

export interface ParsedName {
  metric: string
  tags: Record<string, string>
}

/** Gives one shared string for all equal ones. */
export type Intern = (text: string) => string

const longestName = 4096
/** Nearly all text is of these characters alone. */
const printable = /^[ -~]*$/

/**
 * A fresh `Intern`. Millions of rows repeat few names, regions and CIDs, and a piece of a string
 * keeps the whole string it was cut from in memory.
 */
export function createIntern (): Intern {
  const shared = new Map<string, string>()
  return (text) => {
    const known = shared.get(text)
    if (known !== undefined) return known
    shared.set(text, text)
    return text
  }
}

/**
 * Splits "metric,tag=value,tag=value". A value may contain `=`. Returns the reason as a string when
 * the name is none.
 */
export function parseName (text: string, intern: Intern = (part) => part): ParsedName | string {
  if (text.length > longestName) return `a name of ${text.length} characters`
  const name = plain(text)
  const [metric = '', ...pairs] = name.split(',')
  if (metric.trim() === '') return 'a name without a metric'
  const entries: Array<[string, string]> = []
  for (const pair of pairs) {
    const equals = pair.indexOf('=')
    if (equals < 1) return `a tag without "=": "${pair.slice(0, 40)}"`
    entries.push([intern(pair.slice(0, equals)), intern(pair.slice(equals + 1))])
  }
  return { metric: intern(metric), tags: Object.fromEntries(entries) }
}

/** Reads one line; returns the reason as a string when it is no row. */
export function parseRow (line: string, from: InstanceId, intern?: Intern): Row | string {
  let parsed: unknown
  try {
    parsed = JSON.parse(line)
  } catch {
    return 'it is no JSON'
  }
  if (!isObject(parsed)) return 'it is no JSON object'
  if (typeof parsed.name !== 'string') return 'it has no name'
  if (!isObject(parsed.measures)) return 'it has no measures'
  const name = parseName(parsed.name, intern)
  if (typeof name === 'string') return `it has ${name}`
  for (const [key, value] of Object.entries(parsed.measures)) {
    if (typeof value !== 'number' || !Number.isFinite(value)) return `its measure "${plain(key).slice(0, 40)}" is no finite number`
  }
  const ts = typeof parsed.ts === 'number' ? parsed.ts : 0
  const { run, group, index } = from
  return { run, group, index, metric: name.metric, tags: name.tags, measures: parsed.measures as Record<string, number>, ts }
}

/**
 * Text from a folder as it may be shown: control characters, which would steer a terminal or break
 * an SVG, become a visible sign.
 */
export function plain (text: string): string {
  if (printable.test(text)) return text
  return text.toWellFormed().replace(/[\p{Cc}\u2028-\u202e\u2066-\u2069\ufffe\uffff]/gu, '\ufffd')
}

/** One key per instance, for maps; the parts cannot contain the separator. */
export function instanceKey (id: InstanceId): string {
  return `${id.run}/${id.group}/${id.index}`
}

/** Groups items by a key, groups in the order of their first item. */
export function groupBy<T> (items: Iterable<T>, key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const name = key(item)
    const group = groups.get(name)
    if (group === undefined) groups.set(name, [item])
    else group.push(item)
  }
  return groups
}

function isObject (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
