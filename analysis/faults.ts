import * as z from 'zod'
import { plain } from './rows.ts'

/** What goes wrong for a while: of links, or of instances. */
export const faultKinds = ['partition', 'degraded links', 'crashed', 'left', 'paused', 'not there yet'] as const
export type FaultKind = typeof faultKinds[number]

/** Something that goes wrong from one time to another, in ms after the start mark. */
export interface FaultSpan {
  kind: FaultKind
  fromMs: number
  toMs: number
  /** The instances it happens to; of links, those on the smallest side. */
  instances: readonly string[]
}

/** All that was to go wrong in one run. */
export interface Faults {
  run: string
  /** When the last fault is over. */
  endMs: number
  spans: readonly FaultSpan[]
}

const atMs = z.number().nonnegative()
const names = z.array(z.string().transform(plain)).min(1)
const event = z.union([
  z.object({ atMs, kind: z.enum(['crash', 'leave', 'pause', 'resume', 'restart', 'join']), instances: names }),
  z.object({ atMs, kind: z.enum(['partition', 'degrade']), sides: z.array(names).min(1) }),
  z.object({ atMs, kind: z.enum(['heal', 'restore']) })
])
const timeline = z.object({ endMs: atMs, events: z.array(event).max(100_000) })
type Event = z.infer<typeof event>

const begins: Readonly<Record<string, FaultKind>> = { crash: 'crashed', leave: 'left', pause: 'paused', partition: 'partition', degrade: 'degraded links' }
const ends: Readonly<Record<string, readonly FaultKind[]>> = {
  resume: ['paused'], restart: ['crashed', 'left'], heal: ['partition'], restore: ['degraded links']
}

/**
 * The timeline of `faults.json`, as what goes wrong from when to when; undefined where it cannot be read, which is added to
 * `problems`.
 */
export function parseFaults (text: string, run: string, problems: string[]): Faults | undefined {
  let raw: unknown
  try {
    raw = JSON.parse(text)
  } catch {
    raw = undefined
  }
  const parsed = timeline.safeParse(raw)
  if (!parsed.success) {
    problems.push(`${plain(`instances/${run}/faults.json`)} is no timeline of faults: figures do not show what went wrong.`)
    return undefined
  }
  const { endMs, events } = parsed.data
  return { run: plain(run), endMs, spans: spansOf(events.toSorted((a, b) => a.atMs - b.atMs), endMs) }
}

/** Pairs what begins with what ends it; what nothing ends is over with the last fault, when everybody comes back. */
function spansOf (events: readonly Event[], endMs: number): FaultSpan[] {
  const spans: FaultSpan[] = []
  const open = new Map<string, FaultSpan>()
  const seen = new Set<string>()
  const close = (key: string, toMs: number): void => {
    const found = open.get(key)
    if (found !== undefined) spans.push({ ...found, toMs })
    open.delete(key)
  }
  for (const happening of events) {
    const { kind } = happening
    const named = 'instances' in happening ? happening.instances.map((name) => [name]) : [smallest('sides' in happening ? happening.sides : [[]])]
    for (const instances of named) {
      const [who = ''] = 'instances' in happening ? instances : ['']
      if (kind === 'join' && !seen.has(who)) spans.push({ kind: 'not there yet', fromMs: 0, toMs: happening.atMs, instances })
      if ('instances' in happening) seen.add(who)
      for (const ended of ends[kind] ?? []) close(`${ended} ${who}`, happening.atMs)
      const begun = begins[kind]
      if (begun === undefined) continue
      // A second one of its kind takes the place of the first.
      close(`${begun} ${who}`, happening.atMs)
      open.set(`${begun} ${who}`, { kind: begun, fromMs: happening.atMs, toMs: endMs, instances })
    }
  }
  for (const key of [...open.keys()]) close(key, endMs)
  return spans.filter(({ fromMs, toMs }) => toMs > fromMs).sort((a, b) => a.fromMs - b.fromMs)
}

function smallest (sides: ReadonlyArray<readonly string[]>): readonly string[] {
  return sides.toSorted((a, b) => a.length - b.length)[0] ?? []
}
