import { createRandom } from '../random.ts'
import { drawProfile } from './sar-load.ts'
import { exp, ln } from '../elementary.ts'
import { firstRowMs, INTERVAL_SECONDS } from './sar-format.ts'
import { machineTypes } from './scout-universe.ts'
import { drawStartMs, reportText, TIMEOUT_SECONDS } from './scout-report.ts'
import { sarCsv } from './sar-series.ts'
import type { MachineType } from './scout-universe.ts'
import type { RunFacts } from './scout-report.ts'
import type { ZipEntry } from '../../peersdb/records/zip.ts'

/** One run of the multi-node half of the data set: a job on several machines of one type. */
export interface MultiNodeRecord {
  readonly nodes: number
  readonly machine: MachineType
  readonly workload: string
  readonly framework: string
  readonly size: string
}

const NODES: Readonly<Record<string, readonly number[]>> = {
  large: [4, 6, 8, 10, 12, 16, 24, 32, 40, 48],
  xlarge: [4, 6, 8, 10, 12, 16, 20, 24],
  '2xlarge': [4, 6, 8, 10, 12]
}
const FAMILIES = ['c4', 'm4', 'r4']
const JOBS = [
  ['join', 'spark'], ['kmeans', 'spark1.5'], ['lr', 'spark'], ['naive-bayes', 'spark1.5'], ['pagerank', 'hadoop'], ['pagerank', 'spark'],
  ['regression', 'spark1.5'], ['terasort', 'hadoop'], ['wordcount', 'hadoop']
] as const
const SIZES = ['huge', 'bigdata'] as const
const MEDIAN_SECONDS = { huge: 650, bigdata: 1600 }
const INPUT_BYTES = { huge: 6.4e10, bigdata: 2.56e11 }
const SIGMA = { workload: 0.8, run: 0.4 }
/** Eight 2xlarge machines take the median; more machines help less than they are. */
const REFERENCE_NODES = 8
const SPEEDUP_EXPONENT = 0.6
/** The series begin while the cluster is being set up. */
const SETUP_ROWS = { min: 30, max: 90 }

/** All 1,242 records: 18 jobs on 69 clusters, which have 1,020 nodes together. */
export const multiNodeRecords: readonly MultiNodeRecord[] = machineTypes
  .filter(({ name }) => FAMILIES.includes(name.split('.')[0] ?? ''))
  .flatMap((machine) => (NODES[machine.name.split('.')[1] ?? ''] ?? []).map((nodes) => ({ machine, nodes })))
  .flatMap((cluster) => JOBS.flatMap(([workload, framework]) => SIZES.map((size) => ({ ...cluster, workload, framework, size }))))

/** The directory name of a record: `<nodes>_<vm>_<workload>_<framework>_<size>_1`. */
export function multiNodeName ({ nodes, machine, workload, framework, size }: MultiNodeRecord): string {
  return [nodes, machine.name, workload, framework, size, 1].join('_')
}

/** The files of a record, made one after another: report.json, then a series of each node. */
export function * multiNodeFiles (seed: number, record: MultiNodeRecord): Generator<ZipEntry> {
  const name = multiNodeName(record)
  const random = createRandom(seed, 'record', name)
  const facts = clusterFacts(seed, record)
  const profile = drawProfile(record.framework, createRandom(seed, 'profile', record.framework, record.workload))
  const setupRows = random.integer(SETUP_ROWS.min, SETUP_ROWS.max)
  const rows = setupRows + Math.round(facts.elapsedSeconds / INTERVAL_SECONDS)
  yield { name: `${name}/report.json`, bytes: Buffer.from(reportText(record, facts) ?? '') }
  for (let node = 1; node <= record.nodes; node++) {
    const sar = sarCsv({
      machine: record.machine,
      profile,
      rows,
      firstMs: firstRowMs(facts.startMs) - setupRows * INTERVAL_SECONDS * 1000,
      random: random.stream(`node ${node}`)
    })
    yield { name: `${name}/sar_node${node}.csv`, bytes: Buffer.from(sar) }
  }
}

/** How the run went: it completed, or was cut off after two hours. */
function clusterFacts (seed: number, record: MultiNodeRecord): RunFacts {
  const { workload, framework, machine, nodes } = record
  const size = record.size === 'huge' ? 'huge' : 'bigdata'
  const random = createRandom(seed, 'record', multiNodeName(record), 'facts')
  const logarithm = SIGMA.workload * createRandom(seed, 'run time', 'cluster', framework, workload).normal(0, 1) +
    SIGMA.run * random.normal(0, 1) - SPEEDUP_EXPONENT * ln(nodes / REFERENCE_NODES)
  const seconds = Math.max(60, MEDIAN_SECONDS[size] * machine.timeFactor * exp(logarithm))
  const timedOut = seconds >= TIMEOUT_SECONDS
  return {
    outcome: timedOut ? 'timed out' : 'completed',
    elapsedSeconds: timedOut ? TIMEOUT_SECONDS + random.uniform() : seconds,
    inputBytes: Math.floor(createRandom(seed, 'input', 'cluster', framework, workload).logNormal(INPUT_BYTES[size], 0.6)),
    startMs: drawStartMs(random)
  }
}
