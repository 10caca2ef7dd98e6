import type { InstanceId, Intern, Row } from './rows.ts'
import { createIntern, parseName, parseRow } from './rows.ts'

/**
 * A row as a stream of millions of them is read: its number, and its tags still in one string. What is wanted of them
 * is cut out by `tagOf`.
 */
export interface Reading extends InstanceId {
  metric: string
  /** Nanoseconds, as digits: few of those who read millions of rows need their number, which `timeOf` tells. */
  ts: string
  /** ",tag=value,tag=value", or empty. */
  tags: string
  /** `measures.value`; NaN where the row has none. */
  value: number
  censored: boolean
}

/**
 * A row as PeersLab itself writes it, in plain characters: metric, tags, value, and whether the wait ran out. Any other
 * row goes the long way over JSON; this one takes a third of the time.
 */
const usual = new RegExp([
  '^\\{"ts":\\d{1,19},"type":"point","name":"',
  // Printable ASCII without quote, comma and backslash; names of tags without "=" as well.
  '[!#-+\\--[\\]-~][ !#-+\\--[\\]-~]*(?:,[ !#-+\\--<>-[\\]-~]+=[ !#-+\\--[\\]-~]*)*',
  '","measures":\\{"value":-?(?:0|[1-9]\\d*)(?:\\.\\d+)?(?:e[+-]?\\d{1,2})?(?:,"censored":[01])?\\}\\}$'
].join(''))
const [beforeTs, beforeName, beforeValue, beforeCensored] = ['{"ts":', ',"type":"point","name":"', '","measures":{"value":', ',"censored":']

const longestUsual = 4096

/** Reads one line as `parseRow` does; returns the reason as a string when it is no row. */
export function parseReading (line: string, from: InstanceId, intern: Intern): Reading | string {
  if (line.length <= longestUsual && usual.test(line)) return usualReading(line, from, intern)
  const row = parseRow(line, from, intern)
  return typeof row === 'string' ? row : readingOf(row)
}

/**
 * What reads each of many lines as `parseRow` does. Rows with the same tags share them: what comes to each peer of a
 * region has the same ones there.
 */
export function createRowParser (): (line: string, from: InstanceId) => Row | string {
  const intern = createIntern()
  const known = new Map<string, Row['tags']>()
  // Rows of an entry and of its file follow each other, and to compare two texts takes less than to look one up.
  let last: { text: string, tags: Row['tags'] } | undefined
  const tagsOf = (text: string): Row['tags'] | undefined => {
    if (last?.text === text) return last.tags
    let tags = known.get(text)
    if (tags === undefined) {
      const parsed = parseName(`x${text}`, intern)
      if (typeof parsed === 'string') return undefined
      tags = parsed.tags
      // As a piece of its line it would keep that in memory.
      known.set(Buffer.from(text, 'latin1').toString('latin1'), tags)
    }
    last = { text, tags }
    return tags
  }
  return (line, from) => {
    if (line.length > longestUsual || !usual.test(line)) return parseRow(line, from, intern)
    const { metric, tags: text, value, censored, ts } = usualReading(line, from, intern)
    const tags = tagsOf(text)
    if (tags === undefined || line.endsWith('"censored":0}}')) return parseRow(line, from, intern)
    const { run, group, index } = from
    return { run, group, index, metric, tags, measures: censored ? { value, censored: 1 } : { value }, ts: Number(ts) }
  }
}

/** Cuts the parts out at the places where they must be, without a capture for each. */
function usualReading (line: string, { run, group, index }: InstanceId, intern: Intern): Reading {
  const tsEnd = line.indexOf(',', beforeTs.length)
  const name = tsEnd + beforeName.length
  const nameEnd = line.indexOf('"', name)
  const comma = line.indexOf(',', name)
  const metricEnd = comma === -1 || comma > nameEnd ? nameEnd : comma
  const value = nameEnd + beforeValue.length
  const valueEnd = line.indexOf(',', value)
  return {
    run,
    group,
    index,
    metric: intern(line.slice(name, metricEnd)),
    tags: line.slice(metricEnd, nameEnd),
    value: Number(line.slice(value, valueEnd === -1 ? -2 : valueEnd)),
    censored: valueEnd !== -1 && line[valueEnd + beforeCensored.length] === '1',
    ts: line.slice(beforeTs.length, tsEnd)
  }
}

/** When a row was written: nanoseconds, as in a row. */
export function timeOf ({ ts }: Reading): number {
  return Number(ts)
}

/** The value of a tag; undefined where the row has none of that name. */
export function tagOf ({ tags }: Reading, name: string): string | undefined {
  const before = `,${name}=`
  const at = tags.indexOf(before)
  if (at === -1) return undefined
  const start = at + before.length
  const end = tags.indexOf(',', start)
  return end === -1 ? tags.slice(start) : tags.slice(start, end)
}

/** A row as a reading, its tags in one string again. */
export function readingOf ({ run, group, index, metric, tags, measures, ts }: Row): Reading {
  const text = Object.entries(tags).map(([tag, value]) => `,${tag}=${value}`).join('')
  return { run, group, index, metric, tags: text, value: measures.value ?? NaN, censored: (measures.censored ?? 0) !== 0, ts: String(ts) }
}
