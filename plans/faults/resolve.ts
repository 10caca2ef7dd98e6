import { ParameterError } from '../errors.ts'
import { absentAtStart, stateAfter, statesBefore } from './lives.ts'
import { eventSchema, isInstanceFault, timelineSchema } from './timeline.ts'
import type { State } from './lives.ts'
import type { Fault, InstanceFault, Timeline, WrittenEvent } from './timeline.ts'

/** An instance as a timeline can name it: by its name, its group or its region. */
export interface Place {
  /** "group/index". */
  readonly name: string
  readonly group: string
  readonly region: string
}

/** Where an event stands, for messages: `faults.json: event 3 (crash at 5000 ms)`. */
type Tell = (event: { kind: string, atMs: number }, index: number, problem: string) => ParameterError

/**
 * Makes a timeline of what people wrote: every name becomes those of instances, and at the end everything heals.
 *
 * @throws {ParameterError} naming the file, the event and the cure
 */
export function resolveTimeline (written: unknown, source: string, places: readonly Place[]): Timeline {
  const parsed = timelineSchema.safeParse(written)

  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new ParameterError(`${source}: ${issue?.path.join('.') || 'the file'} ${lower(issue?.message)}; write { "endMs": 60000, "events": [ … ] }`)
  }

  const { endMs, events } = parsed.data
  const fail: Tell = ({ kind, atMs }, index, problem) => new ParameterError(`${source}: event ${index + 1} (${kind} at ${atMs} ms): ${problem}`)
  const read = events.map((event, index) => readEvent(event, index, source))
  const resolved = read.map((event, index) => resolveEvent(event, places, (problem) => fail(event, index, problem)))
  const late = read.findIndex(({ atMs }) => atMs > endMs)

  if (late !== -1) {
    throw fail(read[late] as WrittenEvent, late, `it comes after the end, which is at ${endMs} ms; move it, or make endMs larger`)
  }

  // A sort of Array keeps the order of events at the same time.
  const numbered = resolved.map((event, index) => ({ event, index })).sort((a, b) => a.event.atMs - b.event.atMs)
  const paused = checkInstances(numbered, places, source, fail)
  const left = checkLinks(numbered, fail)
  const healing: Fault[] = [
    ...(paused.length > 0 ? [{ atMs: endMs, kind: 'resume' as const, instances: paused }] : []),
    ...left.map((kind) => ({ atMs: endMs, kind }))
  ]
  return { source, endMs, events: [...numbered.map(({ event }) => event), ...healing] }
}

function readEvent (event: unknown, index: number, source: string): WrittenEvent {
  const parsed = eventSchema.safeParse(event)

  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new ParameterError(`${source}: event ${index + 1}: ${issue?.path.join('.') || 'it'} ${lower(issue?.message)}; see docs/faults.md for what an event can be`)
  }

  return parsed.data
}

function lower (message = 'is malformed'): string {
  return message.slice(0, 1).toLowerCase() + message.slice(1)
}

function resolveEvent (event: WrittenEvent, places: readonly Place[], fail: (problem: string) => ParameterError): Fault {
  const all = (names: readonly string[]): string[] => [...new Set(names.flatMap((name) => find(name, places, fail)))]

  if (event.kind === 'partition' || event.kind === 'degrade') {
    const sides = event.sides.map(all)
    const rest = places.map(({ name }) => name).filter((name) => !sides.flat().includes(name))
    const complete = sides.length > 1 ? sides : [...sides, rest]
    const both = complete.flat().find((name, i, names) => names.indexOf(name) !== i)

    if (both != null) {
      throw fail(`instance ${both} is on two sides; name it on one`)
    }

    if (complete.some((side) => side.length === 0)) {
      throw fail('one side has no instance; leave some out of the other')
    }

    return { ...event, sides: complete }
  }

  return 'instances' in event ? { ...event, instances: all(event.instances) } : event
}

function find (name: string, places: readonly Place[], fail: (problem: string) => ParameterError): string[] {
  const found = places.filter((place) => place.name === name || place.group === name || place.region === name).map((place) => place.name)

  if (found.length === 0) {
    const names = places.map((place) => place.name)
    throw fail(`there is no instance, group or region "${name}"; name one of ${names.slice(0, 12).join(', ')}${names.length > 12 ? ', …' : ''}, a group or a region`)
  }

  return found
}

type Numbered<F extends Fault = Fault> = ReadonlyArray<{ readonly event: F, readonly index: number }>

/** Refuses what cannot happen to an instance as it is then. @returns those that are paused at the end */
function checkInstances (events: Numbered, places: readonly Place[], source: string, fail: Tell): string[] {
  const absent = absentAtStart({ events: events.map(({ event }) => event) })
  const states = new Map<string, State>(places.map(({ name }) => [name, absent.has(name) ? 'absent' : 'up']))
  const isUp = (): boolean => [...states.values()].some((state) => state === 'up' || state === 'paused')

  if (!isUp()) {
    throw new ParameterError(`${source}: no instance is there at the start, for each joins later; let at least one be there`)
  }

  for (const { event, index } of events) {
    for (const name of isInstanceFault(event) ? event.instances : []) {
      const { kind } = event as InstanceFault
      const [state = 'up', next] = [states.get(name), stateAfter(states.get(name) ?? 'up', kind)]

      if (next == null) {
        throw fail(event, index, `instance ${name} is ${state} then, and only one that is ${statesBefore(kind).join(' or ')} can ${kind}; mend the order of its events`)
      }

      states.set(name, next)
    }
  }

  if (!isUp()) {
    throw new ParameterError(`${source}: no instance is there at the end, so that nothing could be read and judged; restart at least one`)
  }

  return [...states].filter(([, state]) => state === 'paused').map(([name]) => name)
}

/** Refuses partitions and degradations one within the other. @returns what is left to be mended at the end */
function checkLinks (events: Numbered, fail: Tell): Array<'heal' | 'restore'> {
  let [cut, degraded] = [false, false]

  for (const { event, index } of events) {
    if (event.kind === 'partition' && cut) {
      throw fail(event, index, 'another partition holds then, and two cannot overlap; heal the first one before')
    }

    if (event.kind === 'heal' && !cut) {
      throw fail(event, index, 'no partition holds then; leave it out, or partition before')
    }

    if (event.kind === 'degrade' && degraded) {
      throw fail(event, index, 'links are degraded already then; restore them before')
    }

    if (event.kind === 'restore' && !degraded) {
      throw fail(event, index, 'no link is degraded then; leave it out, or degrade before')
    }

    cut = event.kind === 'partition' || (cut && event.kind !== 'heal')
    degraded = event.kind === 'degrade' || (degraded && event.kind !== 'restore')
  }

  return [...(cut ? ['heal' as const] : []), ...(degraded ? ['restore' as const] : [])]
}
