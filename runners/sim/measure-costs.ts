import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { readComposition, readManifest } from '../composition/index.ts'
import { HarnessError, RunRequestError } from '../errors.ts'
import { calibrationFile, manifestFile, writeWhole } from '../files.ts'
import { createProgress } from '../progress.ts'
import { createRunFolder } from '../run-folder.ts'
import { simRunner } from './index.ts'
import { measureCrypto, middle } from './measure-crypto.ts'
import type { CostTable } from './costs.ts'
import type { SimulationSummary } from './job.ts'

/** The run of the calibration that is simulated: five peers. */
const runId = 'n5'
/** What the short and the long one of two simulations contribute; what the long one does more is done by warm code. */
const contributionsShort = 40
const contributionsLong = 240
const rounds = 3
/** A simulation of five peers takes some seconds. */
const timeoutMs = 300_000
const digits = 4

export interface MeasureCostsOptions {
  /** Where the table goes; a relative path counts from the working directory. */
  readonly file: string
  readonly workingDirectory: string
  readonly progress: NodeJS.WriteStream
  readonly signal: AbortSignal
}

/**
 * Measures what work costs the processor of this machine and writes the table that `run --costs` reads, whole or not at all.
 *
 * The cost of an event is what the processor did per event in a real simulation of five peers, less what the
 * cryptography of these events costs by the same table: (CPU time - charges) / events, each the difference between a run
 * of 240 contributions and one of 40, so that the cold start of the process and of its code cancels out; the median
 * of three such pairs. It holds what a real instance has not, such as the digest of the trace, and lacks what it has, such
 * as system calls of sockets. As equal signatures are verified once for all instances but charged each time, it is
 * too small by the cost of a verification for each hundred events or so.
 *
 * @returns undefined where it was interrupted
 * @throws {RunRequestError} where the file cannot be written
 */
export async function measureCosts ({ file, workingDirectory, progress, signal }: MeasureCostsOptions): Promise<CostTable | undefined> {
  const path = resolve(workingDirectory, file)
  await checkPlace(file, path)
  const crypto = measureCrypto()
  const eventMs: number[] = []

  for (let round = 1; round <= rounds; round++) {
    progress.write(`costs: round ${round} of ${rounds}\n`)
    const short = await simulate(contributionsShort, crypto, progress, signal)
    const long = await simulate(contributionsLong, crypto, progress, signal)

    if (short == null || long == null) {
      return undefined
    }

    eventMs.push(costOfEvent(short, long))
  }

  const rounded = (ms: number): number => Number(ms.toPrecision(digits))
  const costs: CostTable = {
    eventMs: rounded(middle(eventMs)),
    signMs: rounded(crypto.signMs),
    verifyMs: rounded(crypto.verifyMs),
    bytesMsPerMebibyte: rounded(crypto.bytesMsPerMebibyte)
  }
  await writeWhole(path, `${JSON.stringify(costs, null, 2)}\n`).catch((err: NodeJS.ErrnoException) => { throw notWritten(file, err) })
  return costs
}

type Spent = Pick<SimulationSummary, 'cpuMs' | 'chargedMs' | 'events'>

/** What one event costs without its cryptography, in milliseconds; never below 0, which noise may give. */
export function costOfEvent (short: Spent, long: Spent): number {
  const own = ({ cpuMs, chargedMs }: Spent): number => cpuMs - chargedMs
  return Math.max(0, (own(long) - own(short)) / (long.events - short.events))
}

/** Measuring takes a while, so a place where nothing can be written is told of before. */
async function checkPlace (file: string, path: string): Promise<void> {
  const folder = await stat(dirname(path)).catch((err: NodeJS.ErrnoException) => { throw notWritten(file, err) })

  if (!folder.isDirectory() || await stat(path).then((found) => found.isDirectory(), () => false)) {
    throw notWritten(file, { code: folder.isDirectory() ? 'EISDIR' : 'ENOTDIR' })
  }
}

function notWritten (file: string, err: { readonly code?: string }): RunRequestError {
  return new RunRequestError(`the table of costs cannot be written to ${file} (${err.code ?? 'unknown'}); name a file in a directory that can be written`)
}

async function simulate (
  contributions: number, crypto: Omit<CostTable, 'eventMs'>, stream: NodeJS.WriteStream, signal: AbortSignal
): Promise<SimulationSummary | undefined> {
  if (signal.aborted) {
    return undefined
  }

  const out = await mkdtemp(join(tmpdir(), 'peerslab-costs-'))

  try {
    const manifest = await readManifest(manifestFile)
    const composition = await readComposition(calibrationFile, {
      manifest, set: { contributions: String(contributions) }, workingDirectory: out
    })
    const run = composition.runs.find(({ id }) => id === runId)

    if (run == null) {
      throw new HarnessError(`${calibrationFile} has no run ${runId}; take the file that came with this PeersLab`)
    }

    const prepared = await simRunner.prepare({ simulation: { costs: { eventMs: 0, ...crypto } } })
    const folder = await createRunFolder(out, composition.name, new Date())
    const progress = createProgress(stream, `costs, ${contributions} contributions`)
    const { verdict, reason } = await prepared.run({ composition, manifest, run, folder, progress, timeoutMs, signal })

    if (signal.aborted) {
      return undefined
    }

    if (verdict !== 'pass') {
      throw new HarnessError(`the simulation that costs are measured with did not pass: ${reason}`)
    }

    return JSON.parse(await readFile(join(folder.path, 'instances', runId, 'simulation.json'), 'utf8')) as SimulationSummary
  } finally {
    await rm(out, { recursive: true, force: true })
  }
}
