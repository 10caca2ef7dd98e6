import { fileURLToPath } from 'node:url'
import { stat } from 'node:fs/promises'
import { HarnessError, RunRequestError } from '../errors.ts'
import { runLocally } from './run.ts'
import type { Timeline } from '../../plans/index.ts'
import type { Runner, SimulationOptions } from '../runner.ts'

/** Where the build puts the plan as one file: `dist/plan/`, seen from the source as from the build. */
const candidates = ['../../plan/peersdb.js', '../../dist/plan/peersdb.js'].map((path) => fileURLToPath(new URL(path, import.meta.url)))

/** One process for each instance on this machine; nothing to install. */
export const localRunner: Runner = {
  name: 'local',
  prepare: async (options) => {
    refuseSimulationOptions(options)

    for (const plan of candidates) {
      if (await stat(plan).then((found) => found.isFile(), () => false)) {
        return { fidelity: ({ shapes }, faults) => {
          refuseLoss(faults)
          return shapes ? 'bandwidth' : 'real'
        }, run: (init) => runLocally({ ...init, plan }) }
      }
    }

    throw new HarnessError('the bundled plan dist/plan/peersdb.js is not there; build it with: npm run build')
  }
}

function refuseLoss (faults: Timeline | undefined): void {
  const lossy = faults?.events.find((event) => event.kind === 'degrade' && event.loss != null)

  if (lossy != null) {
    throw new RunRequestError(`${faults?.source ?? ''}: degrade at ${lossy.atMs} ms asks for loss, which the runner local does not model; leave it out, or use --runner sim`)
  }
}

function refuseSimulationOptions (options: SimulationOptions): void {
  const [option] = Object.entries(options).filter(([, value]) => value != null && value !== false).map(([name]) => name)

  if (option != null) {
    throw new RunRequestError(`the runner local has no option "${option}", which is about simulations; leave it out, or add --runner sim`)
  }
}
