import { RunRequestError } from './errors.ts'
import type { Timeline } from '../plans/index.ts'
import type { Composition } from './composition/index.ts'
import type { DaemonOptions, SimulationOptions } from './runner.ts'

/** @throws {RunRequestError} where the runner does not simulate */
export function refuseSimulationOptions (runner: string, options: SimulationOptions): void {
  refuse(runner, options, 'which is about simulations; leave it out, or add --runner sim')
}

/** @throws {RunRequestError} where the runner has nothing to do with a daemon */
export function refuseDaemonOptions (runner: string, options: DaemonOptions = {}): void {
  refuse(runner, options, 'which is about Testground\'s daemon; leave it out, or add --runner testground')
}

function refuse (runner: string, options: object, why: string): void {
  const [option] = Object.entries(options).filter(([, value]) => value != null && value !== false).map(([name]) => name)

  if (option != null) {
    throw new RunRequestError(`the runner ${runner} has no option "${option}", ${why}`)
  }
}

/** @throws {RunRequestError} for a way to shape the network that a runner does not have */
export function refuseShaping (runner: string, { planDirectory, runs }: Composition, has: readonly string[]): void {
  for (const { id, params } of planDirectory == null ? runs.flatMap(({ groups }) => groups) : []) {
    const { shaping = 'stream' } = params

    if (!has.includes(shaping)) {
      throw new RunRequestError(`group ${id}: the runner ${runner} does not shape the network by shaping = "${shaping}"; use ${has.join(' or ')}${shaping === 'none' ? ', with network = "none"' : ', or --runner testground'}`)
    }
  }
}

/** @throws {RunRequestError} for links that are to lose segments, where what lies between instances is real TCP */
export function refuseLoss (runner: string, faults: Timeline | undefined): void {
  const lossy = faults?.events.find((event) => event.kind === 'degrade' && event.loss != null)

  if (lossy != null) {
    throw new RunRequestError(`${faults?.source ?? ''}: degrade at ${lossy.atMs} ms asks for loss, which the runner ${runner} does not model; leave it out, or use --runner sim`)
  }
}
