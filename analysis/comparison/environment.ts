import type { RunRecord } from '../records.ts'

/** What of a run could explain a difference, by name: the first group is what was run, the second on and with what. */
export interface Facts {
  /** Runs that differ in these measure different things. */
  identity: ReadonlyMap<string, string>
  /** Runs that differ in these cannot tell a change of code from one of surroundings. */
  environment: ReadonlyMap<string, string>
  /** What is compared; within one study it should be one. */
  code: ReadonlyMap<string, string>
}

/** Reads the facts of `run.json`; what it does not say is "unknown". */
export function factsOf (run: RunRecord): Facts {
  const { plan, runner, fidelity, network, host = {}, versions = {}, commit, dirty, peerslab } = run
  const { node, ...libraries } = versions
  return {
    identity: new Map([['plan', known(plan)], ['case', known(run.case)], ['runner', known(runner)]]),
    environment: new Map([
      ['fidelity', known(fidelity)],
      ['network', known(network?.name)],
      ['latencies', known(network?.oneWayLatencyMs)],
      ['node', known(node)],
      ...Object.entries(host).map(([name, value]): [string, string] => [`host ${name}`, known(value)]),
      ...parametersOf(run)
    ]),
    code: new Map([
      ['commit', dirty === true ? `${known(commit)} with changes` : known(commit)],
      ['version', known(peerslab)],
      ['libraries', known(libraries)]
    ])
  }
}

/** The parameters of all groups and how many instances they have; the seed is what a panel varies. */
function parametersOf ({ runs = [] }: RunRecord): Array<[string, string]> {
  const byName = new Map<string, string[]>()
  const add = (name: string, group: string, value: unknown): void => {
    byName.set(name, [...byName.get(name) ?? [], `${group}: ${known(value)}`])
  }
  for (const { id, groups } of runs) {
    for (const { id: group, count, params = {} } of groups) {
      add('instances', `${id}/${group}`, count)
      for (const [name, value] of Object.entries(params)) {
        if (name !== 'seed') add(name, `${id}/${group}`, value)
      }
    }
  }
  return [...byName].map(([name, values]) => {
    const different = new Set(values.map((each) => each.slice(each.indexOf(': ') + 2)))
    return [name, different.size === 1 ? [...different].join() : values.join(', ')]
  })
}

function known (value: unknown): string {
  return value == null ? 'unknown' : typeof value === 'string' ? value : JSON.stringify(value)
}

/** All values of each fact among several runs, in the order in which they first occur. */
export function valuesOfFacts (all: ReadonlyArray<ReadonlyMap<string, string>>): Map<string, string[]> {
  const names = [...new Set(all.flatMap((facts) => [...facts.keys()]))]
  return new Map(names.map((name) => [name, [...new Set(all.map((facts) => facts.get(name) ?? 'unknown'))]]))
}

const shownCharacters = 60

/** "network lan against wan": one phrase for each fact of which the two sides do not have one and the same value. */
export function differencesOf (base: ReadonlyMap<string, string[]>, head: ReadonlyMap<string, string[]>): Map<string, string> {
  const show = (values: readonly string[]): string => {
    const text = values.join(' and ')
    return text.length > shownCharacters ? 'a long value' : text
  }
  const differences = new Map<string, string>()
  for (const name of new Set([...base.keys(), ...head.keys()])) {
    const [before, after] = [base.get(name) ?? ['unknown'], head.get(name) ?? ['unknown']]
    if (before.length === 1 && after.length === 1 && before[0] === after[0]) continue
    const [left, right] = [show(before), show(after)]
    differences.set(name, left === right ? `${name} (values that differ)` : `${name} (${left} against ${right})`)
  }
  return differences
}
