import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { undefinedWhereAbsent } from './absent.ts'
import { differencesOf, factsOf, valuesOfFacts } from './comparison/environment.ts'
import { createReducer } from './comparison/reduce.ts'
import { folderName } from './describe.ts'
import { visitRunFolder } from './read.ts'
import { instanceKey } from './rows.ts'
import { columnsOf, tableText } from './table.ts'
import { formatNumber, scaleFor, unitOf } from './units.ts'
import type { Series } from './comparison/reduce.ts'
import type { VisitedFolder } from './read.ts'
import type { RunRecord } from './records.ts'

/** How a run differs from the one that it repeats. */
export interface Repeat {
  /** The earlier run by composition and name. */
  earlier: string
  /** What it ran on and with, one phrase each: "node (24.0.0 against 24.1.0)". */
  surroundings: string[]
  /** The verdict, and instances that ended in another way, one phrase each. */
  outcome: string[]
  metrics: Array<{ metric: string, part: string, unit: string, earlier: number | null, later: number | null }>
  /** Whether every row of every instance is the same, byte by byte, as in virtual time it has to be. */
  isSameBytes: boolean
  runner: string
}

/** Compares a run with the one that it repeats. @throws RunFolderError where one of them cannot be read */
export async function compareRepeat (earlierFolder: string, laterFolder: string): Promise<Repeat> {
  const [before, after] = [await reduce(earlierFolder), await reduce(laterFolder)]
  const facts = ({ run }: VisitedFolder): Map<string, string[]> => valuesOfFacts([everyFact(run)])
  return {
    earlier: folderName(before.visited),
    surroundings: [...differencesOf(facts(before.visited), facts(after.visited)).values()],
    outcome: outcomesOf(before.visited, after.visited),
    metrics: metricsOf(before, after),
    isSameBytes: await haveSameBytes(before.visited, after.visited),
    runner: after.visited.run.runner ?? 'unknown'
  }
}

interface Reduced {
  visited: VisitedFolder
  series: Series[]
}

async function reduce (folder: string): Promise<Reduced> {
  const reducer = createReducer()
  const visited = await visitRunFolder(folder, reducer.add)
  return { visited, series: reducer.series() }
}

/** All that could explain a difference, each library by its name. */
function everyFact (run: RunRecord): Map<string, string> {
  const { identity, environment, code } = factsOf(run)
  const libraries = Object.entries(run.versions ?? {}).flatMap(([name, version]): Array<[string, string]> => name === 'node' ? [] : [[name, String(version)]])
  const facts = new Map([...identity, ...environment, ...code, ...libraries])
  facts.delete('libraries')
  return facts.set('seed', String(run.seed ?? 'unknown')).set('lock file', run.lockFileSha256?.slice(0, 12) ?? 'unknown')
}

function outcomesOf (before: VisitedFolder, after: VisitedFolder): string[] {
  const verdicts = [before, after].map(({ outcome }) => outcome?.verdict ?? 'none')
  const ends = [before, after].map(({ outcome }) => new Map((outcome?.runs ?? []).flatMap(({ id, instances }) =>
    instances.map((instance): [string, string] => [instanceKey({ run: id, ...instance }), instance.outcome]))))
  const [earlier, later] = ends as [Map<string, string>, Map<string, string>]
  const others = [...new Set([...earlier.keys(), ...later.keys()])].filter((key) => earlier.get(key) !== later.get(key)).sort()
  return [
    ...(verdicts[0] === verdicts[1] ? [] : [`verdict (${verdicts.join(' against ')})`]),
    ...others.map((key) => `instance ${key} (${earlier.get(key) ?? 'not there'} against ${later.get(key) ?? 'not there'})`)
  ]
}

function metricsOf (before: Reduced, after: Reduced): Repeat['metrics'] {
  const described = [...before.visited.run.metrics ?? [], ...after.visited.run.metrics ?? []]
  const keyOf = ({ metric, part }: Series): string => `${metric} ${part}`
  const byKey = ({ series }: Reduced): Map<string, Series> => new Map(series.map((each) => [keyOf(each), each]))
  const [earlier, later] = [byKey(before), byKey(after)]
  return [...new Set([...earlier.keys(), ...later.keys()])].sort().flatMap((key) => {
    const [old, now] = [earlier.get(key), later.get(key)]
    const { metric, part } = (old ?? now) as Series
    return { metric, part, unit: unitOf(metric, described), earlier: old?.value ?? null, later: now?.value ?? null }
  })
}

/** Looks at the rows as they were written; an archive has none that could be looked at alone. */
async function haveSameBytes (before: VisitedFolder, after: VisitedFolder): Promise<boolean> {
  const keys = [before, after].map(({ instances }) => instances.map(instanceKey).join('\n'))
  if (keys[0] !== keys[1]) return false
  let compared = 0
  for (const { run, group, index } of before.instances) {
    const place = join('instances', run, group, String(index), 'results.out')
    const [old, now] = await Promise.all([before, after].map(({ path }) => digest(join(path, place))))
    if (old !== now) return false
    if (old !== undefined) compared++
  }
  return compared > 0
}

/** Undefined where there is no such file: a plan of others may record nothing, and an instance may be lost. */
async function digest (file: string): Promise<string | undefined> {
  const hash = createHash('sha256')
  return pipeline(createReadStream(file), hash).then(() => hash.digest('hex'), undefinedWhereAbsent)
}

/** What differs, for people; that nothing does, where nothing does. */
export function repeatText ({ earlier, surroundings, outcome, metrics, isSameBytes, runner }: Repeat): string {
  const list = (what: string, phrases: readonly string[]): string[] =>
    phrases.length === 0 ? [`${what}: the same`] : [`${what}:`, ...phrases.map((phrase) => `  ${phrase}`)]
  const head = [`It repeats ${earlier}; there against here:`, ...list('surroundings', surroundings), ...list('outcome', outcome)]
  if (isSameBytes) return `${[...head, 'rows: the same, byte by byte'].join('\n')}\n`
  if (metrics.length === 0) return `${[...head, 'rows: none'].join('\n')}\n`
  const several = new Set(metrics.map(({ part }) => part)).size > 1
  const table = tableText({
    title: 'metrics',
    note: runner === 'sim' && surroundings.length === 0
      ? 'In virtual time the same has to give the same bytes: "peerslab verify" tells where two runs part.'
      : 'One run of each: a change here may be chance. "peerslab compare" tells from several runs of each.',
    columns: columnsOf(several ? ['metric', 'in'] : ['metric'], ['there', 'here', 'change']),
    rows: metrics.map(({ metric, part, unit, earlier: old, later: now }) => {
      const scale = scaleFor(unit, Math.max(Math.abs(old ?? 0), Math.abs(now ?? 0)))
      const show = (value: number | null): string => value === null ? '-' : `${formatNumber(value / scale.divisor)}${scale.unit === '' ? '' : ` ${scale.unit}`}`
      const change = old === null || now === null || old === 0 ? '-' : `${now >= old ? '+' : ''}${(100 * (now - old) / Math.abs(old)).toFixed(1)} %`
      return [metric, ...(several ? [part] : []), show(old), show(now), change]
    })
  })
  return `${[...head, '', table].join('\n')}\n`
}
