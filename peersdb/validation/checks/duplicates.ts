import { invalid, undecided } from './check.ts'
import type { Check } from './check.ts'
import type { Run } from '../run-history.ts'

/** From how many runs on it is no coincidence that all of them have the runtimes of others, in whole seconds. */
const telling = 3

/**
 * Content that is here already under another CID, and runs all of which came with one other contribution. A few runtimes in whole
 * seconds coincide between honest repetitions (half of those of the C3O data set have a twin), so that they decide nothing.
 */
export const checkDuplicates: Check = ({ contribution, sha256, runs }, { history }) => {
  const twin = history.withContent(sha256)

  if (twin != null && twin !== contribution.cid) {
    return [invalid('duplicate', `its content is that of ${twin}`)]
  }

  const original = holderOfAll(runs, contribution.cid, (group) => history.runs(group))

  if (original == null) {
    return []
  }

  const certain = runs.length >= telling || runs.some(({ at, runtimeSeconds }) => at != null || !Number.isInteger(runtimeSeconds))
  const reason = `its runs have the configurations and runtimes of those of ${original}`
  return [certain ? invalid('duplicate', reason) : undecided('duplicate', reason)]
}

/** A contribution that holds every one of the runs, as often as they occur. */
function holderOfAll (runs: Run[], except: string, known: (group: string) => Iterable<Run & { cid: string }>): string | undefined {
  const wanted = countBy(runs, identity)
  const found = new Map<string, Run[]>()

  for (const group of new Set(runs.map((run) => run.group))) {
    for (const run of known(group)) {
      if (run.cid !== except && wanted.has(identity(run))) {
        const same = found.get(run.cid) ?? []
        same.push(run)
        found.set(run.cid, same)
      }
    }
  }

  for (const [cid, same] of found) {
    const counts = countBy(same, identity)

    if ([...wanted].every(([run, count]) => (counts.get(run) ?? 0) >= count)) {
      return cid
    }
  }

  return undefined
}

function identity ({ configuration, runtimeSeconds, at }: Run): string {
  return `${configuration} ${runtimeSeconds} ${at ?? ''}`
}

function countBy<T> (values: T[], keyOf: (value: T) => string): Map<string, number> {
  const counts = new Map<string, number>()

  for (const value of values) {
    counts.set(keyOf(value), (counts.get(keyOf(value)) ?? 0) + 1)
  }

  return counts
}
