import type { ValidationValues } from './verdict-store.ts'

/** One execution of a job, as the runtime model and the search for duplicates see it. */
export interface Run {
  /** Which runs one model describes: the same job with the same settings on the same type of machine. */
  group: string
  /** All that was chosen before the run: the group, the number of machines, and the size of the data. */
  configuration: string
  machineCount: number
  /** The size of the input, in the unit of its group; 0 where it is unknown. */
  size: number
  runtimeSeconds: number
  /** When it ran, where the record tells. */
  at?: string
}

export interface KnownRun extends Run {
  /** The contribution that it came with. */
  cid: string
}

/** The runs of the contributions that this peer found valid, for comparison with new ones. */
export interface RunHistory {
  runs (group: string): Iterable<KnownRun>
  /** The contribution with the same bytes, by their SHA-256 in hexadecimal, though it may have another CID. */
  withContent (sha256: string): string | undefined
  add (cid: string, sha256: string, runs: Run[]): void
}

interface Stored {
  sha256: string
  runs: Run[]
}

const namespace = 'validation.runs'

/** A history that is kept in `values`, and indexed in memory. */
export function createRunHistory (values: ValidationValues): RunHistory {
  const byGroup = new Map<string, KnownRun[]>()
  const byContent = new Map<string, string>()
  const known = new Set<string>()

  const index = (cid: string, { sha256, runs }: Stored): void => {
    known.add(cid)

    if (!byContent.has(sha256)) {
      byContent.set(sha256, cid)
    }

    for (const run of runs) {
      const group = byGroup.get(run.group) ?? []
      group.push({ ...run, cid })
      byGroup.set(run.group, group)
    }
  }

  for (const { key, value } of values.list(namespace)) {
    index(key, value as Stored)
  }

  return {
    runs: (group) => byGroup.get(group) ?? [],
    withContent: (sha256) => byContent.get(sha256),
    add: (cid, sha256, runs) => {
      if (!known.has(cid)) {
        values.put(namespace, cid, { sha256, runs })
        index(cid, { sha256, runs })
      }
    }
  }
}
