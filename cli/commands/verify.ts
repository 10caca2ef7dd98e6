import { exitCodeOf } from '../exit-codes.ts'
import { interruptibly } from '../interruption.ts'
import { checkGivenOnce, checkTimeout, parseSettings } from '../settings.ts'
import { addSimulationOptions, readSimulationOptions, simulationWords } from '../simulation-options.ts'
import type { CommandModule } from 'yargs'
import type { SimulationArguments } from '../simulation-options.ts'
import type { Surroundings } from '../surroundings.ts'

interface VerifyArguments extends SimulationArguments {
  composition: string
  set: string[]
  seed?: string
  timeout: number
}

export function verifyCommand (surroundings: Surroundings, use: (exitCode: number) => void): CommandModule<object, VerifyArguments> {
  return {
    command: 'verify <composition>',
    describe: 'Simulate a composition twice and tell where the two runs differ, if they do',
    builder: (yargs) => addSimulationOptions(yargs
      .positional('composition', { type: 'string', demandOption: true, describe: 'a Testground composition (.toml), or a run folder' })
      .option('set', { type: 'string', array: true, nargs: 1, default: [], describe: 'set a parameter, as for run' })
      .option('seed', { type: 'string', requiresArg: true, describe: 'the number that all randomness is drawn from' })
      .option('timeout', { type: 'number', requiresArg: true, default: 600, describe: 'end a run after so many seconds' }))
      .example('$0 verify composition/quick.toml --seed 7', 'the same seed, the same bytes') as never,
    handler: async (args) => { use(await execute(args, surroundings)) }
  }
}

async function execute (args: VerifyArguments, surroundings: Surroundings): Promise<number> {
  checkGivenOnce(args, ['seed', 'timeout'])
  const timeoutMs = checkTimeout(args.timeout)
  const simulation = await readSimulationOptions(args)
  const { verify } = await import('../../runners/index.ts')
  const { verdict, lines } = await interruptibly(surroundings, (signal) => verify({
    composition: args.composition,
    simulation,
    set: parseSettings(args.set, args.seed),
    timeoutMs,
    workingDirectory: surroundings.cwd(),
    command: ['verify', args.composition, ...simulationWords(args)],
    progress: surroundings.stderr,
    signal
  }))
  const [sentence = '', ...rest] = lines
  surroundings.stdout.write(`${verdict}: ${sentence}\n${rest.map((line) => `${line}\n`).join('')}`)
  return exitCodeOf(verdict)
}
