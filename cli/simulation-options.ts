import { UsageError } from './usage-error.ts'
import type { Argv } from 'yargs'
import type { SimulationOptions } from '../runners/index.ts'

/** The names of the levels stand here too, so that help loads no runner. */
const levels = ['ideal', 'bandwidth', 'tcp-envelope']

/** What is asked of a simulation on the command line. */
export interface SimulationArguments {
  level?: string
  costs?: string
  trace: boolean
  contribution?: string
  paced: boolean
  virtualTimeout?: number
}

export function addSimulationOptions<T> (yargs: Argv<T>): Argv<T & SimulationArguments> {
  return yargs
    .option('level', {
      type: 'string', requiresArg: true, choices: levels,
      describe: 'sim: how much of a network is modelled; by default what it asks for'
    })
    .option('trace', { type: 'boolean', default: false, describe: 'sim: write every event of the network and every message' })
    .option('contribution', {
      type: 'string', requiresArg: true, describe: 'sim: write which messages carry this contribution: its name or CID'
    })
    .option('costs', { type: 'string', requiresArg: true, describe: 'sim: a file with what computing costs (experimental); by default nothing' })
    .option('paced', { type: 'boolean', default: false, describe: 'sim: bind virtual time to the real one' })
    .option('virtual-timeout', {
      type: 'number', requiresArg: true, describe: 'sim: end a run after so many virtual seconds; by default a day'
    }) as never
}

/** @throws {UsageError} */
export async function readSimulationOptions (args: SimulationArguments): Promise<SimulationOptions> {
  const { level, costs, trace, contribution, paced, virtualTimeout } = args

  for (const [name, value] of Object.entries({ level, costs, contribution, 'virtual-timeout': virtualTimeout })) {
    if (Array.isArray(value)) {
      throw new UsageError(`--${name} is given more than once; keep one of them`)
    }
  }

  if (virtualTimeout != null && !(virtualTimeout > 0)) {
    throw new UsageError('--virtual-timeout must be a number of seconds above 0')
  }

  return {
    level: level as SimulationOptions['level'],
    trace,
    contribution,
    paced,
    costs: costs == null ? undefined : await (await import('../runners/index.ts')).readCosts(costs),
    virtualTimeoutMs: virtualTimeout == null ? undefined : virtualTimeout * 1000
  }
}

/** The words that ask for the same again. */
export function simulationWords ({ level, costs, trace, contribution, paced, virtualTimeout }: SimulationArguments): string[] {
  return [
    ...(level == null ? [] : ['--level', level]),
    ...(costs == null ? [] : ['--costs', costs]),
    ...(virtualTimeout == null ? [] : ['--virtual-timeout', String(virtualTimeout)]),
    ...(trace ? ['--trace'] : []),
    ...(contribution == null ? [] : ['--contribution', contribution]),
    ...(paced ? ['--paced'] : [])
  ]
}
