import { createRandom } from '../random.ts'
import { ln } from '../elementary.ts'
import type { ZipEntry } from '../../peersdb/records/zip.ts'

/** The directory that the archive unpacks to. */
const ROOT = 'c3o-experiments'
const INSTANCE_COUNTS = [2, 4, 6, 8, 10, 12]
const REPETITIONS = 5

/** Cores and memory of one machine, and its run time relative to an m4.2xlarge. */
const MACHINES = {
  'c4.2xlarge': { cores: 8, memoryMb: 15_000, timeFactor: 0.92 },
  'm4.2xlarge': { cores: 8, memoryMb: 32_000, timeFactor: 1 },
  'r4.2xlarge': { cores: 8, memoryMb: 61_000, timeFactor: 0.97 },
  'r4.xlarge': { cores: 4, memoryMb: 30_500, timeFactor: 1.85 }
} as const

type MachineName = keyof typeof MACHINES

/** What one job is run on: its columns, in the order of the table, and how long one m4.2xlarge would work on it. */
interface Input {
  readonly columns: Readonly<Record<string, string | number>>
  readonly dataSizeMb: number
  readonly workSeconds: number
}

/** One table: every input on the main machine type, and one input on two others, as most tables of the data set are. */
interface Table {
  readonly workload: string
  readonly machines: readonly [main: MachineName, ...others: MachineName[]]
  /** The inputs that the other machine types have too. */
  readonly shared: (index: number, inputs: number) => boolean
  readonly inputs: readonly Input[]
  /** What a run takes beside its work. */
  readonly fixedSeconds: number
  /** Deviation of the logarithm of the run time between repetitions; the median of the data set's table. */
  readonly noise: number
}

const sort: readonly Input[] = [[1000, 1e7], ...[1e8, 1.2e8, 1.4e8, 1.6e8, 1.8e8, 2e8].map((lines) => [100, lines])]
  .map(([length = 0, lines = 0]) => sized(length * lines * 0.96e-6, 0.07, { line_length: length, lines }))
const grep: readonly Input[] = cross([1e8, 1.25e8, 1.5e8, 1.75e8, 2e8], [0, 0.25, 0.5, 0.75, 1])
  .map(([lines, p]) => sized(lines * 101e-6, 0.03 + 0.015 * p, { line_length: 100, lines, p_occurrence: p.toFixed(p % 0.5 === 0 ? 1 : 2) }))
const points = (features: number, observations: number): number => observations * (features * 18.5 + 10) * 1e-6
const sgd: readonly Input[] = cross([[5, 1e8], [5, 1.5e8], [5, 2e8], [5, 2.5e8], [5, 3e8], [10, 1e8], [15, 1e8]], [1, 25, 50, 100])
  .map(([[features = 0, observations = 0], iterations]) =>
    sized(points(features, observations), 0.03 + 0.0008 * iterations, { features, observations, iterations }))
const kmeans: readonly Input[] = cross([[5, 1e8], [5, 1.25e8], [5, 1.5e8], [5, 1.75e8], [5, 2e8], [10, 1e8], [15, 1e8]], [3, 5, 7, 9])
  .map(([[features = 0, observations = 0], k]) => sized(points(features, observations), 0.02 * k, { features, observations, k }))
const pagerank: readonly Input[] = cross(cross([1e6, 2e6, 3e6], [1e7, 2e7, 3e7]), [0.0001, 0.0005, 0.001, 0.005, 0.01])
  .map(([[pages, links], criterion]) => ({
    columns: { pages, links, convergence_criterion: criterion },
    dataSizeMb: Math.round(links * 13.5e-6 + pages * 4e-6),
    workSeconds: links / 1e7 * -ln(criterion) * 60
  }))

const memoryFirst = ['r4.2xlarge', 'm4.2xlarge', 'r4.xlarge'] as const
/** The tables of the data set by their shape: 126, 162, 180, 180 and 282 configurations. Their figures are made up, within its ranges. */
const tables: readonly Table[] = [
  { workload: 'grep', inputs: grep, machines: ['m4.2xlarge', 'c4.2xlarge', 'r4.2xlarge'], shared: isMiddle, fixedSeconds: 15, noise: 0.019 },
  { workload: 'kmeans', inputs: kmeans, machines: memoryFirst, shared: isMiddle, fixedSeconds: 45, noise: 0.012 },
  { workload: 'pagerank', inputs: pagerank, machines: memoryFirst, shared: isMiddle, fixedSeconds: 105, noise: 0.029 },
  { workload: 'sgd', inputs: sgd, machines: memoryFirst, shared: isMiddle, fixedSeconds: 30, noise: 0.01 },
  { workload: 'sort', inputs: sort, machines: ['c4.2xlarge', 'm4.2xlarge', 'r4.2xlarge'], shared: () => true, fixedSeconds: 15, noise: 0.016 }
]

/** The files of an archive like a copy of C3O: five tables of 930 configurations, five repetitions each, and what they are. */
export function c3oFiles (seed: number): ZipEntry[] {
  return [
    { name: `${ROOT}/README.md`, bytes: Buffer.from(README) },
    ...tables.map((one) => ({ name: `${ROOT}/${one.workload}.tsv`, bytes: Buffer.from(tableText(seed, one)) }))
  ]
}

const README = '# Run times of distributed dataflow jobs\n\nThese tables have the form of the C3O data set, but nobody measured them: PeersLab drew ' +
  'every run time from a seed.\nOne row is one run; five rows in a row are the repetitions of one configuration.\n'

function isMiddle (index: number, inputs: number): boolean {
  return index === Math.floor(inputs / 2)
}

function tableText (seed: number, { workload, machines, inputs, shared, fixedSeconds, noise }: Table): string {
  const ownColumns = Object.keys(inputs[0]?.columns ?? {})
  const lines = [['instance_count', 'machine_type', 'slots', 'memory', 'data_size_MB', ...ownColumns, 'gross_runtime'].join('\t')]
  for (const [index, input] of inputs.entries()) {
    for (const machineName of shared(index, inputs.length) ? machines : [machines[0]]) {
      const { cores, memoryMb, timeFactor } = MACHINES[machineName]
      for (const count of INSTANCE_COUNTS) {
        const configuration = [count, machineName, cores * count, memoryMb * count, input.dataSizeMb, ...Object.values(input.columns)].join('\t')
        const random = createRandom(seed, 'c3o', workload, configuration)
        const seconds = (fixedSeconds + input.workSeconds * timeFactor / count) * random.logNormal(1, 0.05)
        for (let repetition = 0; repetition < REPETITIONS; repetition++) {
          lines.push(`${configuration}\t${Math.round(random.logNormal(seconds, noise))}`)
        }
      }
    }
  }
  return `${lines.join('\n')}\n`
}

/** An input whose work grows with its size in megabytes. */
function sized (megabytes: number, secondsPerMb: number, columns: Input['columns']): Input {
  return { columns, dataSizeMb: Math.round(megabytes), workSeconds: megabytes * secondsPerMb }
}

function cross<A, B> (as: readonly A[], bs: readonly B[]): Array<[A, B]> {
  return as.flatMap((a) => bs.map((b): [A, B] => [a, b]))
}
