import { requireRegion, loadProfile } from '../../network/profile.ts'
import { ParameterError } from '../errors.ts'
import { readParams } from '../params.ts'
import { openCorpusOf } from '../workload.ts'
import type { InstanceContext } from '../context.ts'
import type { Timeline } from '../faults/timeline.ts'
import type { Profile } from '../../network/profile.ts'
import type { CaseName, CorpusParams, Params } from '../params.ts'
import type { Phase } from '../phases.ts'

/** A group of a run as its runner is about to start it. */
export interface GroupPlan {
  readonly id: string
  readonly count: number
  readonly params: Readonly<Record<string, string>>
}

/** One question that the plan can answer: how it is set up, carried out and judged. */
export interface TestCase {
  /**
   * Refuses what the case cannot run with, before anything starts.
   *
   * @returns what people should know of this run, a sentence each
   * @throws {ParameterError | ProfileError | CorpusError}
   */
  check (groups: readonly GroupPlan[]): Promise<string[]>
  /**
   * What goes wrong in a run with these groups, and when: decided before anything starts, the same each time.
   *
   * @throws {ParameterError} for what cannot go wrong so
   */
  faults? (groups: readonly GroupPlan[]): Promise<Timeline>
  /** The network that a run lies on, where that is not the profile that the parameter `network` names. */
  network? (params: Readonly<Record<string, string>>): Profile
  /** The phases that its instances come to, in order; `timeline` is that of `faults`. */
  phases (groups: readonly GroupPlan[], timeline?: Timeline): Phase[]
  /** What one instance does. Rejects when the judgement fails, or when it could not be carried out. */
  run (context: InstanceContext): Promise<void>
}

/** What holds for all instances of a run, whatever their group. */
const paramsOfRun = [
  'network', 'shaping', 'seed', 'corpus', 'contributions', 'interval_ms', 'dials', 'joins_at_once', 'faults', 'sample_ms', 'duration_secs',
  'time_scale', 'isolate', 'cut_at_secs', 'cut_secs', 'job', 'models', 'test_share', 'checkpoints', 'shares', 'strategy',
  'run_count', 'file_size', 'file_bytes', 'latency_ms', 'leech_latency_ms', 'seed_latency_ms', 'jitter_pct', 'bandwidth_mb', 'roles_by',
  'looks_by', 'washes', 'first_peersdb', 'cost_law', 'cost_index'
]

/** How many instances have a role. */
export function countRole (caseName: CaseName, groups: readonly GroupPlan[], role: string): number {
  return groups
    .filter(({ params }) => readParams(caseName, params).role === role)
    .reduce((sum, { count }) => sum + count, 0)
}

/** @throws {ParameterError} where nobody would post anything, or a group that posts nothing is to break in how it posts */
export function requireContributors (caseName: CaseName, groups: readonly GroupPlan[]): void {
  if (countRole(caseName, groups, 'contributor') === 0) {
    throw new ParameterError('no group has role = "contributor", so nothing would be posted; give it to at least one')
  }

  requireSaboteurs(caseName, groups, 'contributor')
}

/**
 * @param role - that of those who post
 * @throws {ParameterError} where a group is to break in what only those do who post, so that nothing would be broken
 */
export function requireSaboteurs (caseName: CaseName, groups: readonly GroupPlan[], role: string): void {
  for (const { id, params } of groups) {
    const { sabotage, ...read } = readParams(caseName, params) as { sabotage?: string, role: string }

    if ((sabotage === 'drop-tenth' || sabotage === 'invent') && read.role !== role) {
      throw new ParameterError(`group ${id} has sabotage = "${sabotage}" but posts nothing; give it to a group with role = "${role}"`)
    }
  }
}

/** Reads every group's parameters; those that are the run's rather than a group's must be equal everywhere. */
export async function checkGroups<C extends CaseName> (caseName: C, groups: readonly GroupPlan[]): Promise<Array<Params<C>>> {
  const all = groups.map(({ id, params }) => {
    try {
      return readParams(caseName, params)
    } catch (err) {
      throw err instanceof ParameterError ? new ParameterError(`group ${id}: ${err.message}`) : err
    }
  })

  for (const name of paramsOfRun) {
    const values = new Set(groups.map(({ params }) => params[name]))

    if (values.size > 1) {
      throw new ParameterError(`parameter ${name} is ${[...values].map((value) => `"${value ?? ''}"`).join(' in one group and ')} in another; it holds for the whole run, so set it in [global.run.test_params]`)
    }
  }

  for (const [i, { network, region }] of all.entries()) {
    const profile = await loadProfile(network)

    if (region !== 'spread') {
      try {
        requireRegion(profile, region)
      } catch (err) {
        throw new ParameterError(`group ${groups[i]?.id ?? ''}: ${(err as Error).message}`)
      }
    }
  }

  return all
}

/**
 * Checks the groups of a case in which contributors post a corpus.
 *
 * @returns what is to be said of the corpus
 */
export async function checkContributing (caseName: 'replication' | 'scale', groups: readonly GroupPlan[]): Promise<string[]> {
  const [first] = await checkGroups(caseName, groups)
  const notes = await checkCorpus(first)
  requireContributors(caseName, groups)
  return notes
}

/** Phases that every instance comes to. */
export function phasesOfAll (names: readonly string[], groups: readonly GroupPlan[]): Phase[] {
  const instances = groups.reduce((sum, { count }) => sum + count, 0)
  return names.map((name) => ({ name, instances }))
}

/** Opens the corpus once, so that one that is missing, empty or unreadable is refused before anything starts. */
export async function checkCorpus (params: CorpusParams | undefined): Promise<string[]> {
  return params == null ? [] : [`corpus: ${(await openCorpusOf(params)).description}`]
}
