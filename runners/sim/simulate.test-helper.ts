import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readComposition, readManifest } from '../composition/index.ts'
import { manifestFile, packageRoot } from '../files.ts'
import { runProcess } from './process.ts'
import type { SimulationJob } from './job.ts'
import type { ProcessEnd, Programs } from './process.ts'

/** The programs of the build. */
export const builtPrograms: Programs = {
  preload: join(packageRoot, 'dist/sim/preload.js'), simulation: join(packageRoot, 'dist/sim/simulation.js')
}

export interface SimulateInit {
  /** Parameters that are set for the whole run. */
  readonly set: Readonly<Record<string, string>>
  readonly programs?: Programs
  /** Settings of the job that differ from those of a plain run. */
  readonly job?: Partial<SimulationJob>
  /** The longest it may take, in real milliseconds. */
  readonly timeoutMs?: number
}

/** Simulates `composition/quick.toml` with a seed of 1 by a process of its own, of which nothing is kept but how it ended. */
export async function simulateQuick ({ set, programs = builtPrograms, job, timeoutMs = 120_000 }: SimulateInit): Promise<ProcessEnd> {
  const scratch = await mkdtemp(join(tmpdir(), 'peerslab-simulate-'))
  const { plan, case: testCase, runs: [run] } = await readComposition(join(packageRoot, 'composition', 'quick.toml'), {
    manifest: await readManifest(manifestFile), set, workingDirectory: packageRoot
  })

  if (run == null) {
    throw new Error('the composition quick.toml has no run')
  }

  const outputs = Object.fromEntries(run.groups.map(({ id, count }) =>
    [id, Array.from({ length: count }, (_, i) => join(scratch, id, String(i)))]))

  try {
    return await runProcess({
      programs,
      job: { plan, case: testCase, run, seed: '1', level: 'bandwidth', paced: false, outputs, scratch, virtualTimeoutMs: 600_000, ...job },
      heapMebibytesMax: 2_048,
      timeoutMs,
      signal: new AbortController().signal,
      onMessage: () => {}
    })
  } finally {
    await rm(scratch, { recursive: true })
  }
}
