import { CompositionError } from './errors.ts'
import { tableName } from './toml.ts'
import type { RawComposition, RawInstances } from './schema.ts'
import type { TomlDocument, TomlPath } from './toml.ts'

/** A group of a run whose number of instances is to be found. */
export interface SizedGroup {
  id: string
  path: TomlPath
  instances?: RawInstances | undefined
  /** The group of `[[groups]]` that it stands for, if it is one of `[[runs.groups]]`. */
  base?: { id: string, path: TomlPath, instances?: RawInstances | undefined }
}

/** The total a run asks for: its own, or the one of [global]; 0 is none, as in Testground. */
export interface AskedTotal { value: number, path: TomlPath }

export function askedTotal (raw: RawComposition, runIndex?: number): AskedTotal {
  const own = runIndex === undefined ? 0 : raw.runs?.[runIndex]?.total_instances ?? 0
  return own > 0
    ? { value: own, path: ['runs', runIndex!, 'total_instances'] }
    : { value: raw.global.total_instances ?? 0, path: ['global', 'total_instances'] }
}

/**
 * The number of instances of each group of a run, by Testground's rules: a count as it stands, a
 * percentage of the total rounded to the nearest (halves up), and a sum that is the total.
 *
 * @throws CompositionError
 */
export function countInstances (document: TomlDocument, runId: string, groups: readonly SizedGroup[], total: AskedTotal): number[] {
  const counts = groups.map((group) => countOf(document, runId, group, total))
  const sum = counts.reduce((all, count) => all + count, 0)
  if (total.value > 0 && sum !== total.value) {
    const parts = groups.map(({ id }, index) => `${id} ${counts[index]}`).join(' + ')
    throw new CompositionError(`${document.place(total.path)}: total_instances is ${total.value}, but the groups of run "${runId}" ` +
      `add up to ${sum} (${parts}); write total_instances = ${sum} or change the groups`)
  }
  return counts
}

function countOf (document: TomlDocument, runId: string, group: SizedGroup, total: AskedTotal): number {
  const { count, percentage, path } = sizeOf(document, group)
  if (count > 0) return count
  if (percentage === 0) {
    throw new CompositionError(`${document.place(path)}: group "${group.id}" of run "${runId}" has no instances; ` +
      'write instances = { count = 1 } or leave the group out')
  }
  const place = document.place([...path, 'percentage'])
  if (total.value === 0) {
    throw new CompositionError(`${place}: percentage of group "${group.id}" needs a total; add total_instances to [global]` +
      `${total.path[0] === 'global' && group.base !== undefined ? ' or to the run' : ''}, or write a count instead`)
  }
  // math.Round of Go and Math.round differ for negative halves only.
  const rounded = Math.round(percentage * total.value)
  if (rounded === 0) {
    throw new CompositionError(`${place}: percentage ${percentage} of ${total.value} instances leaves none for group "${group.id}" of run "${runId}"; ` +
      'write a larger percentage or a count')
  }
  return rounded
}

interface Size { count: number, percentage: number, path: TomlPath }

/** A zero is the same as nothing written: Testground writes zeros itself when it saves a composition. */
function sizeOf (document: TomlDocument, group: SizedGroup): Size {
  const own = read(document, group.path, group.instances)
  if (group.base === undefined) return own
  const base = read(document, group.base.path, group.base.instances)
  if (own.count === 0 && own.percentage === 0) return base.count > 0 || base.percentage > 0 ? base : own
  if (own.count === 0 && base.count > 0) {
    throw new CompositionError(`${document.place([...own.path, 'percentage'])}: percentage of ${tableName(group.path)} "${group.id}" would lose ` +
      `against the count of group "${group.base.id}", because Testground merges the two and takes the count; write a count here too`)
  }
  return own
}

function read (document: TomlDocument, groupPath: TomlPath, instances: RawInstances = {}): Size {
  const { count = 0, percentage = 0 } = instances
  const path = [...groupPath, 'instances']
  if (count > 0 && percentage > 0) {
    throw new CompositionError(`${document.place([...path, 'percentage'])}: ${tableName(path)} has both a count and a percentage, ` +
      'and Testground would take the count; delete one of them')
  }
  return { count, percentage, path }
}
