import { relative } from 'node:path'
import { exitCodeOf, exitCodes } from '../exit-codes.ts'
import { UsageError } from '../usage-error.ts'
import { analyzeFolder } from './analyze.ts'
import type { CommandModule } from 'yargs'
import type { Surroundings } from '../surroundings.ts'

/** What a timer of Node.js can carry, in whole days. */
const timeoutSecondsMax = 24 * 24 * 60 * 60

interface RunArguments {
  composition: string
  runner: string
  set: string[]
  seed?: string
  out: string
  timeout: number
  analyze: boolean
  json: boolean
}

export function runCommand (surroundings: Surroundings, use: (exitCode: number) => void): CommandModule<object, RunArguments> {
  return {
    command: 'run <composition>',
    describe: 'Run a composition, or the folder of an earlier run again',
    builder: (yargs) => yargs
      .positional('composition', { type: 'string', demandOption: true, describe: 'a Testground composition (.toml), or a run folder' })
      .option('runner', { type: 'string', requiresArg: true, default: 'local', describe: 'what carries it out' })
      .option('set', { type: 'string', array: true, nargs: 1, default: [], describe: 'set a parameter: --set contributions=10; beats the composition' })
      .option('seed', { type: 'string', requiresArg: true, describe: 'the number that all randomness is drawn from; short for --set seed=<n>' })
      .option('out', { type: 'string', requiresArg: true, default: 'runs', describe: 'directory of the run folders' })
      .option('timeout', { type: 'number', requiresArg: true, default: 600, describe: 'end a run after so many seconds' })
      .option('analyze', { type: 'boolean', default: false, describe: 'analyze the run folder afterwards' })
      .option('json', { type: 'boolean', default: false, describe: 'print the result as one JSON object' })
      .example('$0 run composition/quick.toml', 'six peers and two newcomers, under a minute')
      .example('$0 run composition/quick.toml --set corpus=../c3o --seed 7', 'real files, another seed') as never,
    handler: async (args) => { use(await execute(args, surroundings)) }
  }
}

async function execute (args: RunArguments, surroundings: Surroundings): Promise<number> {
  for (const name of ['runner', 'seed', 'out', 'timeout'] as const) {
    if (Array.isArray(args[name])) {
      throw new UsageError(`--${name} is given more than once; keep one of them`)
    }
  }

  if (!(args.timeout > 0 && args.timeout <= timeoutSecondsMax)) {
    throw new UsageError(`--timeout must be a number of seconds above 0 and at most ${timeoutSecondsMax}`)
  }

  const { run } = await import('../../runners/index.ts')
  const interrupt = new AbortController()
  const onSignal = (): void => { interrupt.abort() }
  surroundings.on('SIGINT', onSignal)
  surroundings.on('SIGTERM', onSignal)

  try {
    const result = await run({
      composition: args.composition,
      runner: args.runner,
      set: parseSettings(args.seed == null ? args.set : [...args.set, `seed=${args.seed}`]),
      out: args.out,
      timeoutMs: args.timeout * 1000,
      workingDirectory: surroundings.cwd(),
      command: commandOf(args),
      progress: surroundings.stderr,
      signal: interrupt.signal
    })
    const folder = relative(surroundings.cwd(), result.folder) || '.'
    const analysis = args.analyze ? await analyzeFolder(result.folder, surroundings) : undefined
    const { verdict, reason } = result

    if (args.json) {
      surroundings.stdout.write(`${JSON.stringify({ verdict, reason, folder: result.folder, report: analysis?.report ?? null })}\n`)
    } else {
      surroundings.stdout.write(`${analysis == null ? '' : `${analysis.table}\n`}${verdict}: ${reason}\n`)
      surroundings.stdout.write(analysis == null
        ? `run folder: ${folder}\n`
        : `report: ${relative(surroundings.cwd(), analysis.report)}\n`)
    }

    return analysis?.complete === false && verdict === 'pass' ? exitCodes.unknown : exitCodeOf(verdict)
  } finally {
    surroundings.off('SIGINT', onSignal)
    surroundings.off('SIGTERM', onSignal)
  }
}

function parseSettings (settings: readonly string[]): Record<string, string> {
  return Object.fromEntries(settings.map((setting) => {
    const at = setting.indexOf('=')

    if (at < 1) {
      throw new UsageError(`--set ${setting}: write --set <parameter>=<value>`)
    }

    return [setting.slice(0, at), setting.slice(at + 1)]
  }))
}

/** The command that would do the same again, for the record. */
function commandOf ({ composition, runner, set, seed, timeout }: RunArguments): string[] {
  return [
    'run', composition, '--runner', runner, '--timeout', String(timeout),
    ...set.flatMap((setting) => ['--set', setting]),
    ...(seed == null ? [] : ['--seed', seed])
  ]
}
