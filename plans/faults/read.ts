import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { loadProfile } from '../../network/profile.ts'
import { ParameterError } from '../errors.ts'
import { assignRegions } from '../members.ts'
import { readParams } from '../params.ts'
import { drawChurn } from './churn.ts'
import { isInstanceFault } from './timeline.ts'
import { resolveTimeline } from './resolve.ts'
import type { Profile } from '../../network/profile.ts'
import type { GroupPlan } from '../cases/case.ts'
import type { Member } from '../members.ts'
import type { CaseName, FaultParams } from '../params.ts'
import type { Place } from './resolve.ts'
import type { Timeline } from './timeline.ts'

/** The instances of a run, as its runner is about to number them: group by group. */
function placesOf (caseName: CaseName, groups: readonly GroupPlan[], profile: Profile): Member[] {
  const introductions = groups.flatMap(({ id, count, params }) => {
    const { role, region } = readParams(caseName, params)
    return Array.from({ length: count }, () => ({ group: id, role, region, clock: '' }))
  })
  return assignRegions(introductions.map((introduction, index) => ({ ...introduction, index })), profile)
}

/** Which instance has which number and stands in which region, as all of them will find when they meet. */
export async function placeInstances (caseName: string, groups: readonly GroupPlan[]): Promise<Member[]> {
  const name = caseName as CaseName
  const [first] = groups.map(({ params }) => readParams(name, params))
  return placesOf(name, groups, await loadProfile(first?.network ?? 'none'))
}

/** Reads the file that is named, or draws from the groups' parameters. @throws {ParameterError} */
export async function churnTimeline (groups: readonly GroupPlan[]): Promise<Timeline> {
  const all = groups.map(({ params }) => readParams('churn', params))
  const [first] = all

  if (first == null) {
    throw new ParameterError('there is no group; give at least one')
  }

  const profile = await loadProfile(first.network)
  const places = placesOf('churn', groups, profile)
  const churning = groups.filter((_, i) => all[i]?.churn !== 'none')

  if (first.faults !== '') {
    if (churning.length > 0) {
      throw new ParameterError(`parameter faults names a file, and group ${churning[0]?.id ?? ''} has a churn, too; set one of them`)
    }

    return checkFit(await readTimeline(first.faults, places), first, profile)
  }

  const drawn = drawChurn(groups.map(({ id }, i) => ({
    instances: places.filter(({ group }) => group === id).map(({ name }) => name),
    churn: all[i]?.churn ?? 'none',
    crashRatio: all[i]?.crash_ratio ?? 0,
    diskLossRatio: all[i]?.disk_loss_ratio ?? 0
  })), { seed: first.seed, endMs: first.duration_secs * 1000, timeScale: first.time_scale })
  // What was drawn has to be possible, too: there may be nobody at the start.
  return checkFit(resolveTimeline({ endMs: drawn.endMs, events: drawn.events }, drawn.source, places), first, profile)
}

/** Reads the file that is named, or makes the one partition that the parameters say. @throws {ParameterError} */
export async function partitionTimeline (groups: readonly GroupPlan[]): Promise<Timeline> {
  const [first] = groups.map(({ params }) => readParams('partition', params))

  if (first == null) {
    throw new ParameterError('there is no group; give at least one')
  }

  const profile = await loadProfile(first.network)
  const places = placesOf('partition', groups, profile)

  if (first.faults !== '') {
    return checkFit(await readTimeline(first.faults, places), first, profile)
  }

  const isolate = first.isolate === '' ? [places[0]?.region ?? ''] : first.isolate.split(',').map((name) => name.trim())
  const [atMs, endMs] = [first.cut_at_secs * 1000, (first.cut_at_secs + first.cut_secs) * 1000]
  return checkFit(resolveTimeline({ endMs, events: [{ atMs, kind: 'partition', sides: [isolate] }] }, `parameter isolate = "${first.isolate}"`, places),
    first, profile)
}

async function readTimeline (file: string, places: readonly Place[]): Promise<Timeline> {
  const name = basename(file)
  const text = await readFile(file, 'utf8').catch((err: NodeJS.ErrnoException) => {
    throw new ParameterError(`the file of faults ${file} cannot be read (${err.code ?? err.message}); check parameter faults`)
  })

  try {
    return resolveTimeline(JSON.parse(text), name, places)
  } catch (err) {
    throw err instanceof SyntaxError ? new ParameterError(`${name} is not JSON (${err.message}); mend it there`) : err
  }
}

/** Refuses what the network or the store of the run does not have. */
function checkFit (timeline: Timeline, { store }: FaultParams, profile: Profile): Timeline {
  const [region = ''] = profile.regions

  for (const event of timeline.events) {
    if (event.kind === 'restart' && event.disk !== false && store === 'memory' && timeline.events.some(isInstanceFault)) {
      throw new ParameterError(`${timeline.source}: restart at ${event.atMs} ms: ${event.instances[0] ?? ''} would find its disk, but parameter store is memory; set store = "disk"`)
    }

    if (event.kind === 'degrade' && event.bandwidthFactor != null && !Number.isFinite(profile.flowBitsPerSecond(region, region))) {
      throw new ParameterError(`${timeline.source}: degrade at ${event.atMs} ms: the network profile ${profile.name} has no bandwidth of which a part could be left; leave bandwidthFactor out, or use another profile`)
    }
  }

  return timeline
}
