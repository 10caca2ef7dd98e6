import { fileURLToPath } from 'node:url'
import { stat } from 'node:fs/promises'
import { HarnessError } from '../errors.ts'
import { refuseDaemonOptions, refuseLoss, refuseSimulationOptions } from '../refusals.ts'
import { runLocally } from './run.ts'
import type { Runner } from '../runner.ts'

/** Where the build puts the plan as one file: `dist/plan/`, seen from the source as from the build. */
const candidates = ['../../plan/peersdb.js', '../../dist/plan/peersdb.js'].map((path) => fileURLToPath(new URL(path, import.meta.url)))

/** One process for each instance on this machine; nothing to install. */
export const localRunner: Runner = {
  name: 'local',
  prepare: async ({ simulation, daemon }) => {
    refuseSimulationOptions('local', simulation)
    refuseDaemonOptions('local', daemon)

    for (const plan of candidates) {
      if (await stat(plan).then((found) => found.isFile(), () => false)) {
        return { fidelity: ({ shapes }, faults) => {
          refuseLoss('local', faults)
          return shapes ? 'bandwidth' : 'real'
        }, run: (init) => runLocally({ ...init, plan }) }
      }
    }

    throw new HarnessError('the bundled plan dist/plan/peersdb.js is not there; build it with: npm run build')
  }
}
