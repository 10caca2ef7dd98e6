import { forEachLine } from './lines.ts'
import { instanceKey, plain } from './rows.ts'
import type { InstanceOutcome, OutcomeRecord, RunRecord } from './records.ts'
import type { InstanceId } from './rows.ts'

/** What an instance said of itself in `run.out`, the events of Testground's SDKs. */
export interface SaidOfItself {
  plan?: string
  case?: string
  /** Instances of its run, and of its group. */
  instances?: number
  groupInstances?: number
  params?: Record<string, string>
  end?: 'success' | 'failure' | 'crash'
  error?: string
  /** Of its first and its last event, in ms since 1970. */
  startMs?: number
  endMs?: number
}

const ends = { success_event: 'success', failure_event: 'failure', crash_event: 'crash' } as const

/** Reads the events of one `run.out`; lines that are none, such as messages of the plan, are passed over. */
export async function readEvents (chunks: AsyncIterable<Buffer>): Promise<SaidOfItself> {
  const said: SaidOfItself = {}
  await forEachLine(chunks, (line) => {
    if (line?.includes('_event"') !== true) return
    const { ts, event } = parse(line)
    if (event === undefined) return
    if (typeof ts === 'number') {
      said.startMs ??= ts / 1e6
      said.endMs = ts / 1e6
    }
    readStart(said, objectOf(objectOf(event.start_event)?.runenv))
    for (const [name, end] of Object.entries(ends)) {
      const ended = objectOf(event[name])
      if (ended === undefined) continue
      said.end = end
      if (typeof ended.error === 'string') said.error = plain(ended.error)
    }
  })
  return said
}

function readStart (said: SaidOfItself, runenv: Record<string, unknown> | undefined): void {
  if (runenv === undefined) return
  const { plan, case: testCase, instances, group_instances: groupInstances, params } = runenv
  if (typeof plan === 'string') said.plan = plain(plan)
  if (typeof testCase === 'string') said.case = plain(testCase)
  if (Number.isSafeInteger(instances)) said.instances = instances as number
  if (Number.isSafeInteger(groupInstances)) said.groupInstances = groupInstances as number
  const named = objectOf(params)
  const entries = Object.entries(named ?? {}).map(([name, value]) => [plain(name), plain(String(value))] as const)
  if (named !== undefined) said.params = Object.fromEntries(entries)
}

/** What `run.json` and `outcome.json` would say, as far as the instances themselves tell it. */
export interface Told {
  run: RunRecord
  outcome: OutcomeRecord
}

/** Makes the records of a run out of what its instances said; one that said no end is lost, and is never a pass. */
export function recordsOf (said: ReadonlyArray<readonly [InstanceId, SaidOfItself]>): Told {
  const first = said.find(([, { plan }]) => plan !== undefined)?.[1] ?? {}
  const ids = [...new Set(said.map(([{ run }]) => run))]
  const times = said.flatMap(([, { startMs, endMs }]) => startMs === undefined || endMs === undefined ? [] : [startMs, endMs])
  const time = (pick: (a: number, b: number) => number): string => new Date(times.reduce(pick)).toISOString()
  const run: RunRecord = {
    ...(first.plan === undefined ? {} : { plan: first.plan }),
    ...(first.case === undefined ? {} : { case: first.case }),
    ...(times.length === 0 ? {} : { startedAt: time((a, b) => Math.min(a, b)), endedAt: time((a, b) => Math.max(a, b)) }),
    runs: ids.map((id) => ({ id, groups: groupsOf(said.filter(([{ run }]) => run === id)) }))
  }
  return { run, outcome: outcomeOf(said, run) }
}

function groupsOf (said: ReadonlyArray<readonly [InstanceId, SaidOfItself]>): NonNullable<RunRecord['runs']>[number]['groups'] {
  const names = [...new Set(said.map(([{ group }]) => group))].sort()
  return names.map((id) => {
    const own = said.filter(([{ group }]) => group === id)
    const params = own.find(([, each]) => each.params !== undefined)?.[1].params
    const counts = [own.length, ...own.flatMap(([, { groupInstances }]) => groupInstances ?? [])]
    return { id, count: Math.min(Math.max(...counts), 100_000), ...(params === undefined ? {} : { params }) }
  })
}

function outcomeOf (said: ReadonlyArray<readonly [InstanceId, SaidOfItself]>, { runs = [] }: RunRecord): OutcomeRecord {
  const byKey = new Map(said.map(([id, each]) => [instanceKey(id), each]))
  const outcomes = runs.map(({ id, groups }) => {
    const instances = groups.flatMap(({ id: group, count }) => Array.from({ length: count }, (_, index): InstanceOutcome => {
      const { end = 'missing', error } = byKey.get(instanceKey({ run: id, group, index })) ?? {}
      return { group, index, outcome: end, ...(error === undefined ? {} : { error }) }
    }))
    const expected = Math.max(instances.length, ...said.filter(([{ run }]) => run === id).map(([, { instances: all = 0 }]) => all))
    return { id, instances, expected }
  })
  const all = outcomes.flatMap(({ instances }) => instances)
  const count = (...kinds: string[]): number => all.filter(({ outcome }) => kinds.includes(outcome)).length
  const expected = outcomes.reduce((sum, each) => sum + each.expected, 0)
  const succeeded = count('success')
  const failed = count('failure', 'crash')
  const verdict = failed > 0 ? 'fail' : expected > 0 && succeeded === expected ? 'pass' : 'unknown'
  return {
    verdict,
    reason: `${succeeded} of ${expected} instances said that they succeeded${failed === 0 ? '' : `, ${failed} that they failed`}`,
    runs: outcomes.map(({ id, instances }) => ({ id, instances }))
  }
}

function parse (line: string): { ts?: unknown, event?: Record<string, unknown> | undefined } {
  try {
    const { ts, event } = JSON.parse(line) as { ts?: unknown, event?: unknown }
    return { ts, event: objectOf(event) }
  } catch {
    return {}
  }
}

function objectOf (value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Record<string, unknown> : undefined
}
