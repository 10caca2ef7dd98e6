import { measuredColumn } from '../../peersdb/records/c3o.ts'
import type { Sample } from './model.ts'

/** One row of a C3O table, by column. */
export type TableRow = Readonly<Record<string, string>>

/** A job of the C3O data set as its authors model it. */
export interface Job {
  /** The features of a sample, the number of machines first and the size of the input second. */
  readonly features: readonly [machines: 'instance_count', ...inputs: string[]]
  /** Which rows of the table are modelled: those of the machine type on which all configurations were run. */
  readonly where: Readonly<Record<string, string>>
  /** Configurations with fewer machines ran out of memory. */
  readonly machinesMin: number
  /** The features that one user's executions have in common. */
  readonly context: readonly string[]
}

/** The five jobs by the names of their tables, as C3O's own evaluation takes them. */
export const jobs = {
  sort: { features: ['instance_count', 'data_size_MB'], where: { machine_type: 'c4.2xlarge', line_length: '100' }, machinesMin: 1, context: [] },
  grep: {
    features: ['instance_count', 'data_size_MB', 'p_occurrence'], where: { machine_type: 'm4.2xlarge' }, machinesMin: 1, context: ['p_occurrence']
  },
  sgd: {
    features: ['instance_count', 'observations', 'features', 'iterations'], where: { machine_type: 'r4.2xlarge' }, machinesMin: 3,
    context: ['iterations']
  },
  kmeans: {
    features: ['instance_count', 'observations', 'features', 'k'], where: { machine_type: 'r4.2xlarge' }, machinesMin: 3, context: ['k']
  },
  pagerank: {
    features: ['instance_count', 'links', 'pages', 'convergence_criterion'], where: { machine_type: 'r4.2xlarge' }, machinesMin: 1,
    context: ['pages', 'convergence_criterion']
  }
} as const satisfies Record<string, Job>

export type JobName = keyof typeof jobs

export const jobNames = Object.keys(jobs) as [JobName, ...JobName[]]

/** Whether a row is of those that the job's models are about. */
export function isOf ({ where, machinesMin }: Job, row: TableRow): boolean {
  return Object.entries(where).every(([column, value]) => row[column] === value) && Number(row['instance_count']) >= machinesMin
}

/** One sample for each configuration among the job's rows: the median of its repetitions, in the order of the features. */
export function samplesOf (job: Job, rows: Iterable<TableRow>): Sample[] {
  const own = [...rows].filter((row) => isOf(job, row))
  const configurations = Map.groupBy(own, (row) => JSON.stringify(featuresOf(job, row)))
  return [...configurations.values()].map((repetitions) => ({
    features: featuresOf(job, repetitions[0] as TableRow),
    runtimeSeconds: median(repetitions.map((row) => Number(row[measuredColumn])))
  })).sort((a, b) => order(a.features, b.features))
}

export function featuresOf ({ features }: Job, row: TableRow): number[] {
  return features.map((column) => Number(row[column]))
}

/** The rows of a table in C3O's form: a header and cells that tabs separate. */
export function readTable (text: string): TableRow[] {
  const [header = '', ...lines] = text.split(/\r?\n/).filter((line) => line !== '')
  const columns = header.split('\t')
  return lines.map((line) => {
    const cells = line.split('\t')
    return Object.fromEntries(columns.map((column, i) => [column, cells[i] ?? '']))
  })
}

function median (values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] as number
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2
}

function order (a: readonly number[], b: readonly number[]): number {
  return a.map((value, i) => value - (b[i] as number)).find((difference) => difference !== 0) ?? 0
}
