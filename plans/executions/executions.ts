import { c3oFiles } from '../corpus/c3o-generated.ts'
import { cutTable } from '../corpus/c3o.ts'
import { CorpusError, openCorpus } from '../corpus/index.ts'
import { isPreset } from '../corpus/presets.ts'
import { isOf, jobs, readTable } from '../models/jobs.ts'
import { createRandom } from '../random.ts'
import type { CorpusItem } from '../corpus/index.ts'
import type { JobName, TableRow } from '../models/jobs.ts'

/** A model learns from the one part and is judged by the other, so that there must be some of each. */
const configurationsMin = 10

export interface ExecutionsInit {
  readonly job: JobName
  /** A directory with C3O tables; where it is empty, tables of the same form are generated. */
  readonly corpus: string
  /** At most this many are contributed. */
  readonly contributions: number
  readonly seed: number
  /** The part of the configurations that nobody contributes, and that models have to predict. */
  readonly testShare: number
}

/** The executions of one job, one item for each configuration with its repetitions. */
export interface Executions {
  /** One line for people. */
  readonly description: string
  /** What is contributed, in the order that the seed gives. */
  readonly items: readonly CorpusItem[]
  /** The rows that have to be predicted. */
  readonly heldOut: readonly TableRow[]
}

/**
 * Opens the executions of a job: the same, in the same order, wherever there is the same directory (or none) and seed.
 *
 * @throws {CorpusError} where the directory is none, or has too few configurations of the job
 */
export async function openExecutions ({ job, corpus, contributions, seed, testShare }: ExecutionsInit): Promise<Executions> {
  if (isPreset(corpus)) {
    throw new CorpusError(`The corpus ${corpus} has no tables of executions. Name a directory with C3O tables, or leave "corpus" empty to have them generated.`)
  }

  const all = corpus === '' ? generated(job, seed) : await stored(corpus, seed)
  const own = all.filter(({ kind, attributes }) => kind === 'configuration' && attributes['workload'] === job && isOf(jobs[job], attributes))

  if (own.length < configurationsMin) {
    throw new CorpusError(`Corpus directory ${corpus} has ${own.length} configurations of the job ${job} (${conditions(job)}), where models need ` +
      `${configurationsMin}. Put the table ${job}.tsv of C3O there, or leave "corpus" empty to have it generated.`)
  }

  const shuffled = createRandom(seed, 'executions').shuffle(own.toSorted((a, b) => a.name < b.name ? -1 : 1))
  const held = Math.ceil(own.length * testShare)
  const items = shuffled.slice(held, held + contributions)
  const heldOut = (await Promise.all(shuffled.slice(0, held).map(async (item) => rowsOf(await item.bytes())))).flat()
  const origin = corpus === '' ? 'generated tables like those of C3O' : corpus
  return { description: `${items.length} configurations of ${job} from ${origin}, ${held} others to predict, seed ${seed}`, items, heldOut }
}

/** The rows of a contributed configuration. */
export function rowsOf (content: Uint8Array): TableRow[] {
  return readTable(new TextDecoder().decode(content))
}

async function stored (directory: string, seed: number): Promise<readonly CorpusItem[]> {
  return (await openCorpus({ directory, count: Number.MAX_SAFE_INTEGER, seed })).items
}

/** Runtimes that follow Amdahl's law, within 5 % for each configuration, and with the noise between repetitions that C3O has. */
function generated (job: JobName, seed: number): CorpusItem[] {
  const table = c3oFiles(seed).find(({ name }) => name.endsWith(`/${job}.tsv`))?.bytes ?? new Uint8Array()
  return cutTable(table, `${job}.tsv`, job).map(({ name, attributes, ranges }) => ({
    kind: 'configuration', name, attributes, bytes: async () => Buffer.concat(ranges.map(({ start, end }) => table.subarray(start, end)))
  }))
}

function conditions (job: JobName): string {
  const { where, machinesMin } = jobs[job]
  return [...Object.entries(where).map(([column, value]) => `${column} ${value}`), `instance_count from ${machinesMin}`].join(', ')
}
