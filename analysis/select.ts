import { basename } from 'node:path'
import { tagOf } from './readings.ts'
import type { Reading } from './readings.ts'
import type { RunRecord } from './records.ts'

/** What rows are chosen by: the value of a key is one of these, or is none of them. */
export interface Condition {
  key: string
  values: readonly string[]
  isNot: boolean
}

/** Keys cannot be read as they were written; the message says how they are. */
export class SelectionError extends Error {
  override readonly name = 'SelectionError'
}

/** Keys that every row has, whatever its tags. */
export const commonKeys = [
  'metric', 'run', 'group', 'instance', 'folder', 'composition', 'plan', 'case', 'runner', 'fidelity', 'seed', 'network', 'commit'
] as const

/**
 * Reads conditions as they are written on a command line: `region=us-west1`, `group!=newcomers`. Of several that name one
 * key with `=`, one has to hold; all others have to hold together.
 *
 * @throws SelectionError
 */
export function parseConditions (texts: readonly string[]): Condition[] {
  const conditions: Condition[] = []
  for (const text of texts) {
    const [, key, sign, value] = /^([^=!\s][^=!]*?)(!?=)(.*)$/s.exec(text) ?? []
    if (key === undefined || value === undefined) throw new SelectionError(`"${text}" is no condition: write <key>=<value>, or <key>!=<value>, such as region=us-west1.`)
    const isNot = sign === '!='
    const known = conditions.findIndex((each) => each.key === key && !each.isNot && !isNot)
    if (known === -1) conditions.push({ key, values: [value], isNot })
    else conditions[known] = { key, isNot, values: [...(conditions[known] as Condition).values, value] }
  }
  return conditions
}

/** The value of a key for a row; undefined where it has none. */
export type ValueOf = (reading: Reading) => string | undefined

/**
 * Finds the values of keys for the rows of one run folder. A key is, in this order: one of `commonKeys`; a tag of the row,
 * such as region; a parameter of its group, such as sync.
 *
 * @param path - of the run folder
 */
export function createKeys (run: RunRecord, path: string): (key: string) => ValueOf {
  const facts: Record<string, string | undefined> = {
    folder: basename(path), composition: textOf(run.composition?.name), plan: run.plan, case: run.case, runner: run.runner,
    fidelity: run.fidelity, seed: textOf(run.seed), network: run.network?.name, commit: run.commit ?? undefined
  }
  const params = new Map((run.runs ?? []).flatMap(({ id, groups }) =>
    groups.map((group): [string, Record<string, unknown>] => [`${id}/${group.id}`, group.params ?? {}])))
  return (key) => {
    if (key === 'metric' || key === 'run' || key === 'group') return (reading) => reading[key]
    if (key === 'instance') return ({ index }) => String(index)
    if (Object.hasOwn(facts, key)) return () => facts[key]
    return (reading) => tagOf(reading, key) ?? textOf(params.get(`${reading.run}/${reading.group}`)?.[key])
  }
}

/** Whether a row is chosen by all conditions; one without the key is chosen by `!=` alone. */
export function createFilter (conditions: readonly Condition[], keys: (key: string) => ValueOf): (reading: Reading) => boolean {
  const checks = conditions.map(({ key, values, isNot }) => {
    const valueOf = keys(key)
    const wanted = new Set(values)
    return (reading: Reading): boolean => {
      const value = valueOf(reading)
      return (value !== undefined && wanted.has(value)) !== isNot
    }
  })
  return (reading) => checks.every((holds) => holds(reading))
}

/** The names of all parameters of a run's groups. */
export function parametersOf ({ runs = [] }: RunRecord): string[] {
  return [...new Set(runs.flatMap(({ groups }) => groups.flatMap(({ params = {} }) => Object.keys(params))))]
}

function textOf (value: unknown): string | undefined {
  return value == null ? undefined : typeof value === 'string' ? value : typeof value === 'object' ? JSON.stringify(value) : String(value as number)
}
