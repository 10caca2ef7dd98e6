import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { undefinedWhereAbsent } from '../absent.ts'
import { createColumn } from '../column.ts'
import { parseReading } from '../readings.ts'
import { createIntern, plain } from '../rows.ts'
import { formatEstimate, scaleFor, unitOf } from '../units.ts'
import type { Column } from '../column.ts'
import type { ServedRun } from './runs.ts'

const chunkBytes = 1 << 20

/** What a run has come to by now, as it is shown. */
export interface LiveState {
  state: ServedRun['state']
  verdict: string
  rows: number
  unparsed: number
  instances: Array<{ group: string, count: number, started: number, succeeded: number, failed: number }>
  metrics: Array<{ metric: string, unit: string, n: number, median: string, p95: string, max: string }>
}

/** Follows a run folder while it is written: each look reads what came since the last. */
export interface Live {
  look (run: ServedRun): Promise<LiveState>
}

interface Followed {
  at: number
  rest: string
}

export function createLive (): Live {
  const followed = new Map<string, Followed>()
  const columns = new Map<string, Column>()
  const ends = new Map<string, 'started' | 'succeeded' | 'failed'>()
  const intern = createIntern()
  const counts = { rows: 0, unparsed: 0 }

  return {
    look: async (run) => {
      const files = await readdir(join(run.path, 'instances'), { recursive: true }).catch(undefinedWhereAbsent) ?? []
      for (const file of files.sort()) {
        const [id, group, index, name, ...more] = file.split(/[/\\]/)
        if (id === undefined || group === undefined || index === undefined || more.length > 0) continue
        const lines = (each: (line: string) => void): Promise<void> => follow(join(run.path, 'instances', file), followed, each)
        if (name === 'results.out') await lines((line) => { take(line, { run: id, group, index: Number(index) }) })
        if (name === 'run.out') await lines((line) => { hear(line, `${plain(id)}/${plain(group)}`, index) })
      }
      return stateOf(run)
    }
  }

  function take (line: string, from: { run: string, group: string, index: number }): void {
    const reading = parseReading(line, from, intern)
    if (typeof reading === 'string') {
      counts.unparsed++
      return
    }
    counts.rows++
    if (Number.isNaN(reading.value)) return
    let column = columns.get(reading.metric)
    if (column === undefined) columns.set(reading.metric, column = createColumn())
    column.add(reading.value, reading.censored)
  }

  function hear (line: string, group: string, index: string): void {
    const key = `${group} ${index}`
    if (line.includes('"start_event"')) ends.set(key, 'started')
    if (line.includes('"success_event"')) ends.set(key, 'succeeded')
    if (line.includes('"failure_event"') || line.includes('"crash_event"')) ends.set(key, 'failed')
  }

  function stateOf ({ state, outcome, run }: ServedRun): LiveState {
    const groups = new Map((run.runs ?? []).flatMap(({ id, groups }) => groups.map((group): [string, number] => [`${id}/${group.id}`, group.count])))
    for (const key of ends.keys()) if (!groups.has(key.slice(0, key.lastIndexOf(' ')))) groups.set(key.slice(0, key.lastIndexOf(' ')), 0)
    return {
      state,
      verdict: outcome === undefined ? '' : `${outcome.verdict}${outcome.reason === undefined ? '' : `: ${outcome.reason}`}`,
      ...counts,
      instances: [...groups].map(([group, count]) => {
        const own = [...ends].filter(([key]) => key.startsWith(`${group} `)).map(([, end]) => end)
        const having = (end: string): number => own.filter((each) => each === end).length
        return { group, count: Math.max(count, own.length), started: own.length, succeeded: having('succeeded'), failed: having('failed') }
      }),
      metrics: [...columns].sort(([a], [b]) => a < b ? -1 : 1).map(([metric, column]) => {
        const estimates = column.quantiles([0.5, 0.95, 1])
        const scale = scaleFor(unitOf(metric, run.metrics ?? []), estimates.at(-1)?.value ?? 0)
        const [median = '', p95 = '', max = ''] = estimates.map((estimate) => formatEstimate(estimate, scale))
        return { metric, unit: scale.unit, n: column.rows, median, p95, max }
      })
    }
  }
}

/** Passes on the whole lines that a file has got since it was looked at last; half a line waits for its end. */
async function follow (path: string, followed: Map<string, Followed>, onLine: (line: string) => void): Promise<void> {
  const known = followed.get(path) ?? { at: 0, rest: '' }
  followed.set(path, known)
  const file = await open(path).catch(undefinedWhereAbsent)
  if (file === undefined) return
  try {
    const buffer = Buffer.alloc(chunkBytes)
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, chunkBytes, known.at)
      if (bytesRead === 0) return
      known.at += bytesRead
      const lines = (known.rest + buffer.toString('latin1', 0, bytesRead)).split('\n')
      known.rest = (lines.pop() ?? '').slice(0, chunkBytes)
      for (const line of lines) if (line !== '') onLine(Buffer.from(line, 'latin1').toString('utf8'))
    }
  } finally {
    await file.close()
  }
}
