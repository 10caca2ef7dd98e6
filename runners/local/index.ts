import { fileURLToPath } from 'node:url'
import { stat } from 'node:fs/promises'
import { HarnessError } from '../errors.ts'
import { refuseDaemonOptions, refuseLoss, refuseShaping, refuseSimulationOptions } from '../refusals.ts'
import { runLocally } from './run.ts'
import { bundledProgram, findProgram } from './program.ts'
import type { PreparedRunner, Runner } from '../runner.ts'
import type { Program } from './program.ts'

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
        return prepared(plan)
      }
    }

    throw new HarnessError('the bundled plan dist/plan/peersdb.js is not there; build it with: npm run build')
  }
}

function prepared (plan: string): PreparedRunner {
  /** What each group is started with, by its id in its run. */
  const programs = new Map<string, ReadonlyMap<string, Program>>()

  return {
    fidelity: ({ shapes }, faults) => {
      refuseLoss('local', faults)
      return shapes ? 'bandwidth' : 'real'
    },
    check: async (composition, manifest) => {
      refuseShaping('local', composition, ['stream', 'none'])

      for (const { id, groups } of composition.runs) {
        const ofRun = new Map<string, Program>()

        // One after another: groups may be built to the same program.
        for (const group of groups) {
          ofRun.set(group.id, composition.planDirectory == null ? bundledProgram(plan) : await findProgram(composition, manifest, group))
        }

        programs.set(id, ofRun)
      }

      return undefined
    },
    run: (init) => runLocally({ ...init, programs: programs.get(init.run.id)! })
  }
}
