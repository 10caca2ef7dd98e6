import { createRandom } from '../random.ts'

/** A machine of the EC2 families that the scout data set measured. */
export interface MachineType {
  readonly name: string
  readonly cores: number
  /** What Linux reports as total, about 2 % below the advertised memory. */
  readonly memoryKb: number
  /** Run time relative to a 2xlarge of the same job. */
  readonly timeFactor: number
}

/** What one run of the data set was: the names that make its directory name. */
export interface ScoutRecord {
  readonly machine: MachineType
  readonly instanceId: string
  readonly workload: string
  readonly framework: string
  readonly size: string
  readonly run: number
}

interface Job {
  readonly workload: string
  readonly framework: string
  readonly size: string
}

const GIB_PER_CORE: ReadonlyArray<readonly [family: string, gib: number]> = [
  ['c3', 1.875], ['c4', 1.875], ['m3', 3.75], ['m4', 4], ['r3', 7.625], ['r4', 7.625]
]
const SHAPES: ReadonlyArray<readonly [suffix: string, cores: number, timeFactor: number]> = [
  ['large', 2, 2.2], ['xlarge', 4, 1.4], ['2xlarge', 8, 1]
]
const KB_PER_GIB = 1024 * 1024
const LINUX_SHARE = 0.97916

/** The 18 machine types of the data set. */
export const machineTypes: readonly MachineType[] = GIB_PER_CORE.flatMap(([family, gib]) =>
  SHAPES.map(([suffix, cores, timeFactor]) => ({
    name: `${family}.${suffix}`,
    cores,
    memoryKb: Math.round(gib * cores * KB_PER_GIB * LINUX_SHARE / 4) * 4,
    timeFactor
  })))

const ON_HADOOP = ['aggregation', 'bayes', 'dfsioe', 'join', 'kmeans', 'pagerank', 'scan', 'sort', 'terasort', 'wordcount']
const ON_EVERY_SPARK = [
  'als', 'bayes', 'block-matrix-mult', 'chi-feature', 'chi-sq-gof', 'chi-sq-mat', 'classification', 'decision-tree', 'fp-growth', 'gmm',
  'gradient-boosted-tree', 'join', 'kmeans', 'lda', 'lr', 'naive-bayes', 'pagerank', 'pca', 'pearson', 'pic', 'random-forest', 'regression',
  'spearman', 'statistics-summary', 'svd', 'terasort', 'word2vec', 'wordcount'
]
const ON_SPARK_2_ONLY = ['aggregation', 'scan', 'sort']
const SIZES = ['small', 'medium', 'large']
const RUNS = [1, 2, 3]

/**
 * 206 triples of workload, framework and size. The 32 workload names, the frameworks and the sizes are those of the data set; which
 * workload ran on which framework is assumed here, because no complete listing of the data set was at hand. 69 pairs with three sizes
 * give 207; the one left out, a large dfsioe, makes the total of 206 x 18 x 3 = 11,124 records.
 */
const jobs: readonly Job[] = [
  ...ON_HADOOP.map((workload) => [workload, 'hadoop'] as const),
  ...[...ON_EVERY_SPARK, ...ON_SPARK_2_ONLY].map((workload) => [workload, 'spark'] as const),
  ...ON_EVERY_SPARK.map((workload) => [workload, 'spark1.5'] as const)
].flatMap(([workload, framework]) => SIZES.map((size) => ({ workload, framework, size })))
  .filter(({ workload, size }) => !(workload === 'dfsioe' && size === 'large'))

const RECORDS_PER_JOB = machineTypes.length * RUNS.length
/** How many records there are to choose from. */
export const universeSize = jobs.length * RECORDS_PER_JOB

/** The numbers of all records of so many jobs, evenly spaced in the universe; those of 10 jobs are therefore among those of 50. */
export function recordsOfJobs (count: number): number[] {
  return Array.from({ length: count }, (_, job) => Math.floor(job * jobs.length / count) * RECORDS_PER_JOB)
    .flatMap((first) => Array.from({ length: RECORDS_PER_JOB }, (_, index) => first + index))
}

/** Record number `index` of the universe, from 0; the instance id is drawn from the seed and the other names. */
export function recordAt (seed: number, index: number): ScoutRecord {
  const run = RUNS[index % RUNS.length]
  const machine = machineTypes[Math.floor(index / RUNS.length) % machineTypes.length]
  const job = jobs[Math.floor(index / RUNS.length / machineTypes.length)]
  if (run === undefined || machine === undefined || job === undefined) {
    throw new RangeError(`There are records 0 to ${universeSize - 1}, not ${index}`)
  }
  const random = createRandom(seed, 'instance id', `${machine.name}_${job.workload}_${job.framework}_${job.size}_${run}`)
  const digits = [random.uint32(), random.uint32(), random.uint32()].map((word) => word.toString(16).padStart(8, '0')).join('')
  return { machine, ...job, run, instanceId: `i-0${digits.slice(0, 16)}` }
}

/** The directory name of a record: `<vm>_<instance id>_<workload>_<framework>_<size>_<run>`. */
export function recordName (record: ScoutRecord): string {
  const { machine, instanceId, workload, framework, size, run } = record
  return [machine.name, instanceId, workload, framework, size, run].join('_')
}
