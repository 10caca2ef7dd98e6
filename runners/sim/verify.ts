import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '../run.ts'
import { differingFiles, firstDivergence } from './compare-runs.ts'
import type { Verdict } from '../outcome.ts'
import type { RunOptions, RunReport } from '../run.ts'

export interface Verification {
  /** Pass where both runs are equal, fail where they differ, unknown where they could not be carried out. */
  readonly verdict: Verdict
  /** A sentence, and what shows it, a line each. */
  readonly lines: readonly string[]
}

/** Runs a composition twice in simulations with the same seed, and compares everything that they wrote. */
export async function verify (options: Omit<RunOptions, 'runner' | 'out'>): Promise<Verification> {
  const out = await mkdtemp(join(tmpdir(), 'peerslab-verify-'))

  try {
    const twice = (trace: boolean): Promise<RunReport[]> => Promise.all(['first', 'second'].map((name) =>
      run({ ...options, runner: 'sim', out: join(out, name), simulation: { ...options.simulation, trace } })))
    const [first, second] = await twice(options.simulation.trace === true) as [RunReport, RunReport]

    if (first.verdict === 'unknown') {
      return { verdict: 'unknown', lines: [`the runs could not be compared: ${first.reason}`] }
    }

    const differing = await differingFiles(first.folder, second.folder)

    if (differing.length === 0) {
      return { verdict: 'pass', lines: [`both runs are the same, event by event and byte by byte (${first.verdict}: ${first.reason})`] }
    }

    return { verdict: 'fail', lines: [`the two runs differ in ${differing.join(', ')}`, ...await explain(await twice(true))] }
  } finally {
    await rm(out, { recursive: true, force: true })
  }
}

/** Names the first event in which two runs differ. */
async function explain ([first, second]: readonly RunReport[]): Promise<string[]> {
  const [a, b] = [first, second].map((report) => join(report?.folder ?? '', 'instances')) as [string, string]

  for (const run of await readdir(a)) {
    const divergence = await firstDivergence(join(a, run, 'trace.txt'), join(b, run, 'trace.txt'))

    if (divergence != null) {
      return [
        `run ${run}, event ${divergence.event} is the first in which they differ (virtual ms, kind, from, to, connection, bytes, payload):`,
        ...divergence.before.map((line) => `  both    ${line}`),
        `  first   ${divergence.first}`,
        `  second  ${divergence.second}`
      ]
    }
  }

  return ['two more runs, which wrote their events, do not differ: what decides is rare, so verify again']
}
