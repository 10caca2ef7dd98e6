import { readArchive } from './archive.ts'
import { ArchiveError } from './errors.ts'
import { missingInstances, outcomeFrom, readRows, runFrom } from './read-parts.ts'
import { readEvents, recordsOf } from './run-events.ts'
import { instanceKey, plain } from './rows.ts'
import type { Member } from './archive.ts'
import type { Sinks } from './read-parts.ts'
import type { VisitedFolder } from './read.ts'
import type { SaidOfItself } from './run-events.ts'
import type { InstanceId } from './rows.ts'

/** What is found of a run on one way through its archive. */
interface Found {
  /** The text of run.json and outcome.json, where they are there. */
  texts: Map<string, string>
  instances: Map<string, { id: InstanceId, hasRows: boolean, said?: SaidOfItself }>
  /** The directories in which instances lie; more than one are several runs. */
  places: Set<string>
  /** Files of runs as a whole, by run and name. */
  files: Map<string, string>
  unparsed: number
  problems: string[]
}

/**
 * Reads an archive: what `testground collect` wrote, which has instances alone, or one of a run folder, as a stream.
 *
 * @param sinks - hear its rows; without them rows are passed over
 * @throws ArchiveError as `readArchive`, and for several run folders in one archive
 */
export async function visitArchive<T> (path: string, sinks?: Sinks<T>): Promise<VisitedFolder> {
  const found: Found = { texts: new Map(), instances: new Map(), places: new Set(), files: new Map(), unparsed: 0, problems: [] }
  await readArchive(path, async (member) => { await take(path, member, found, sinks) }, found.problems)
  const { texts, unparsed, problems } = found
  const listed = [...found.instances.values()].sort((a, b) => order(a.id, b.id))
  if (listed.length === 0 && texts.size === 0) {
    throw new ArchiveError(`${path} is no archive of a run, for it holds no <run>/<group>/<number>/results.out: give the .tgz that "testground collect" wrote, or one of a run folder.`)
  }
  for (const { id, hasRows } of listed) if (!hasRows) problems.push(`${plain(instanceKey(id))}/results.out is missing: this instance recorded nothing.`)
  const instances = listed.filter(({ hasRows }) => hasRows).map(({ id }) => id)
  const { run, outcome, notes } = records(path, found, listed)
  problems.push(...missingInstances(run, outcome, instances))
  return { path, run, outcome, unparsed, instances, complete: problems.length === 0, problems, notes, fileOf: async (of, name) => found.files.get(`${of}/${name}`) }
}

type Records = Pick<VisitedFolder, 'run' | 'outcome' | 'notes'>

function records (path: string, { texts, problems }: Found, listed: ReadonlyArray<{ id: InstanceId, said?: SaidOfItself }>): Records {
  if (texts.size > 0) {
    return { run: runFrom(texts.get('run'), `run.json in ${path}`, problems), outcome: outcomeFrom(texts.get('outcome'), problems), notes: [] }
  }
  const shown = listed.map(({ id, said = {} }) => [{ ...id, run: plain(id.run), group: plain(id.group) }, said] as const)
  return { ...recordsOf(shown), notes: ['The archive has no run.json, as Testground leaves it: case, groups and outcome are what the instances said; seed, network and versions are not known.'] }
}

async function take<T> (path: string, member: Member, found: Found, sinks: Sinks<T> | undefined): Promise<void> {
  const { texts, instances, places, problems } = found
  if (member.kind === 'other') {
    const record = member.run === '' ? /^(run|outcome)\.json$/.exec(member.name)?.[1] : undefined
    if (record === undefined) {
      found.files.set(`${member.run}/${member.name}`, await member.text())
      return
    }
    if (texts.has(record)) throw several(path)
    texts.set(record, await member.text())
    return
  }
  const { id, place, chunks } = member
  places.add(place)
  if (places.size > 1) throw several(path)
  const key = instanceKey(id)
  const instance = instances.get(key) ?? { id, hasRows: false }
  instances.set(key, instance)
  if (member.kind === 'events') {
    instance.said = await readEvents(chunks)
  } else if (instance.hasRows) {
    problems.push(`${plain(key)}/results.out is in the archive twice: the first is used.`)
  } else {
    instance.hasRows = true
    if (sinks !== undefined) found.unparsed += await readRows(chunks, id, { ...sinks, problems, place: `${key}/results.out` })
  }
}

function several (path: string): ArchiveError {
  return new ArchiveError(`${path} holds the outputs of several run folders: make an archive of each, and put them into one folder to read them as a study.`)
}

function order (a: InstanceId, b: InstanceId): number {
  if (a.run !== b.run) return a.run < b.run ? -1 : 1
  if (a.group !== b.group) return a.group < b.group ? -1 : 1
  return a.index - b.index
}
