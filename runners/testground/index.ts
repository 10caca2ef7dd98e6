import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { processFaults } from '../../plans/index.ts'
import { HarnessError, RunRequestError } from '../errors.ts'
import { refuseLoss, refuseSimulationOptions } from '../refusals.ts'
import { connectDaemon } from './daemon.ts'
import { findEndpoint } from './endpoint.ts'
import { runUnderDaemon } from './run.ts'
import { gatherSources } from './sources.ts'
import type { Timeline } from '../../plans/index.ts'
import type { Composition, Manifest } from '../composition/index.ts'
import type { Runner } from '../runner.ts'

/** Testground's runners that the plan is made for. */
const engines = ['local:docker', 'cluster:k8s']
const engineDefault = 'local:docker'
/** Where the build puts what is handed over, seen from the source as from the build. */
const candidates = ['../../plan/', '../../dist/plan/'].map((path) => fileURLToPath(new URL(path, import.meta.url)))

/** Containers of a real Testground, which its daemon builds, starts and watches. */
export const testgroundRunner: Runner = {
  name: 'testground',
  prepare: async ({ simulation, daemon: { engine: asked, endpoint } = {} }) => {
    refuseSimulationOptions('testground', simulation)
    const planDirectory = candidates.find((directory) => existsSync(join(directory, 'Dockerfile')))

    if (planDirectory == null) {
      throw new HarnessError('the plan dist/plan/ is not there; build it with: npm run build')
    }

    if (asked != null && !engines.includes(asked)) {
      throw new RunRequestError(`--engine ${asked}: the plan is not made for that; use one of ${engines.join(', ')}`)
    }

    const daemon = connectDaemon(findEndpoint(endpoint))
    const built = new Map<string, string>()
    const engineOf = ({ runner }: Composition): string => asked ?? runner ?? engineDefault

    return {
      fidelity: ({ shapes }) => shapes ? 'bandwidth' : 'real',
      check: async (composition, manifest, faults) => {
        await refuse(composition, faults, manifest, composition.planDirectory ?? planDirectory)
        await daemon.check()
        return { name: engineOf(composition), endpoint: daemon.endpoint }
      },
      run: (init) => runUnderDaemon({
        ...init, daemon, built, planDirectory: init.composition.planDirectory ?? planDirectory, engine: engineOf(init.composition)
      })
    }
  }
}

async function refuse (
  composition: Composition, faults: ReadonlyMap<string, Timeline>, manifest: Manifest, directory: string
): Promise<void> {
  for (const run of composition.runs) {
    const timeline = faults.get(run.id)
    refuseLoss('testground', timeline)
    const [first] = timeline == null ? [] : processFaults(timeline)

    if (first != null) {
      throw new RunRequestError(`${timeline?.source ?? ''}: ${first.kind} at ${first.atMs} ms is about the process of ${first.instance}, and Testground's containers ` +
        'cannot be ended or stopped from outside; let peers leave instead, or use --runner local or sim')
    }

    await gatherSources({ directory, run, spec: manifest.testcases[composition.case]!, faults: timeline })
  }
}
