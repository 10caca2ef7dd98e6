import { realpath, stat } from 'node:fs/promises'
import { relative, resolve } from 'node:path'
import { exitCodeOf, exitCodes } from '../exit-codes.ts'
import { interruptibly } from '../interruption.ts'
import { checkGivenOnce, checkTimeout, parseSettings } from '../settings.ts'
import { addSimulationOptions, readSimulationOptions, simulationWords } from '../simulation-options.ts'
import { UsageError } from '../usage-error.ts'
import { analyzeFolder } from './analyze.ts'
import type { CommandModule } from 'yargs'
import type { Repeat } from '../../analysis/index.ts'
import type { RunOptions, RunReport } from '../../runners/index.ts'
import type { SimulationArguments } from '../simulation-options.ts'
import type { Surroundings } from '../surroundings.ts'

interface RunArguments extends SimulationArguments {
  composition: string
  runner: string
  engine?: string
  endpoint?: string
  set: string[]
  seed?: string
  seeds?: string
  repeat?: number
  matrix: string[]
  yes: boolean
  out: string
  timeout: number
  analyze: boolean
  json: boolean
}

export function runCommand (surroundings: Surroundings, use: (exitCode: number) => void): CommandModule<object, RunArguments> {
  return {
    command: 'run <composition>',
    describe: 'Run a composition, or the folder of an earlier run again',
    builder: (yargs) => addSimulationOptions(yargs
      .positional('composition', { type: 'string', demandOption: true, describe: 'a Testground composition (.toml), or a run folder' })
      .option('runner', { type: 'string', requiresArg: true, default: 'local', describe: 'what carries it out: local (processes), sim (virtual time) or testground (containers)' })
      .option('set', { type: 'string', array: true, nargs: 1, default: [], describe: 'set a parameter: --set contributions=10; beats the composition' })
      .option('seed', { type: 'string', requiresArg: true, describe: 'the number that all randomness is drawn from; short for --set seed=<n>' })
      .option('seeds', { type: 'string', requiresArg: true, describe: 'run once for each of these seeds: 1..20, or 1,2,5; with sim on all cores' })
      .option('repeat', { type: 'number', requiresArg: true, describe: 'run so often, each time with the next seed' })
      .option('matrix', {
        type: 'string', array: true, nargs: 1, default: [],
        describe: 'run with each of these values: --matrix sync=fast,stock; given again, with each combination'
      })
      .option('yes', { type: 'boolean', default: false, describe: 'start more than 100 runs' })
      .option('out', { type: 'string', requiresArg: true, default: 'runs', describe: 'directory of the run folders' })
      .option('timeout', { type: 'number', requiresArg: true, default: 600, describe: 'end a run after so many seconds' }))
      .option('engine', { type: 'string', requiresArg: true, describe: 'testground: its runner, local:docker or cluster:k8s; by default the composition\'s' })
      .option('endpoint', { type: 'string', requiresArg: true, describe: 'testground: the address of its daemon; by default that of its own settings' })
      .option('analyze', { type: 'boolean', default: false, describe: 'analyze the run folder afterwards' })
      .option('json', { type: 'boolean', default: false, describe: 'print the result as one JSON object' })
      .example('$0 run composition/quick.toml', 'six peers and two newcomers, under a minute')
      .example('$0 run composition/quick.toml --runner sim', 'the same in virtual time: in seconds, and the same again')
      .example('$0 run composition/quick.toml --set corpus=../c3o --seed 7', 'real files, another seed')
      .example('$0 run composition/quick.toml --repeat 6 --matrix sync=fast,stock', 'twelve runs, to be compared:')
      .example('$0 compare runs/quick/sync=fast runs/quick/sync=stock --vary sync', 'each combination is a study') as never,
    handler: async (args) => { use(await execute(args, surroundings)) }
  }
}

async function execute (args: RunArguments, surroundings: Surroundings): Promise<number> {
  checkGivenOnce(args, ['runner', 'engine', 'endpoint', 'seed', 'seeds', 'repeat', 'out', 'timeout'])
  const timeoutMs = checkTimeout(args.timeout)
  const simulation = await readSimulationOptions(args)

  return interruptibly(surroundings, async (signal) => {
    const options: RunOptions = {
      composition: args.composition,
      runner: args.runner,
      simulation,
      daemon: { engine: args.engine, endpoint: args.endpoint },
      set: parseSettings(args.set, args.seed),
      out: args.out,
      timeoutMs,
      workingDirectory: surroundings.cwd(),
      command: commandOf(args),
      progress: surroundings.stderr,
      signal
    }
    return args.seeds == null && args.repeat == null && args.matrix.length === 0
      ? runOnce(args, options, surroundings)
      : runMany(args, options, surroundings)
  })
}

async function runOnce (args: RunArguments, options: RunOptions, surroundings: Surroundings): Promise<number> {
  const { run } = await import('../../runners/index.ts')
  // Before it is run again, since "latest" may name it, and names another afterwards.
  const earlier = await earlierRun(args.composition, surroundings)
  const result = await run(options)
  const analysis = args.analyze ? await analyzeFolder(result.folder, surroundings) : undefined

  const repeat = earlier == null ? undefined : await differencesFrom(earlier, result.folder)

  if (args.json) {
    surroundings.stdout.write(`${JSON.stringify({ ...result, report: analysis?.report ?? null, ...(repeat == null ? {} : { repeat: repeat.differences }) })}\n`)
  } else {
    surroundings.stdout.write(`${analysis == null ? '' : `${analysis.table}\n`}${repeat?.text ?? ''}${tell(result, args, surroundings)}`)
    surroundings.stdout.write(analysis == null ? '' : `report: ${relative(surroundings.cwd(), analysis.report)}\n`)
  }

  return analysis?.complete === false && result.verdict === 'pass' ? exitCodes.unknown : exitCodeOf(result.verdict)
}

/** The folder of the run that is to be repeated; undefined for a composition. */
async function earlierRun (path: string, surroundings: Surroundings): Promise<string | undefined> {
  const folder = resolve(surroundings.cwd(), path)
  return await stat(folder).then((found) => found.isDirectory(), () => false) ? realpath(folder) : undefined
}

async function differencesFrom (earlier: string, later: string): Promise<{ differences: Repeat, text: string }> {
  const { compareRepeat, repeatText } = await import('../../analysis/index.ts')
  const differences = await compareRepeat(earlier, later)
  return { differences, text: repeatText(differences) }
}

async function runMany (args: RunArguments, options: RunOptions, surroundings: Surroundings): Promise<number> {
  refuseBoth(args)
  const { cellsOf, checkPanel, parseMatrix, runPanel, worstVerdict } = await import('../../runners/index.ts')
  const matrix = parseMatrix(args.matrix)
  const both = [...matrix.keys()].find((name) => Object.hasOwn(options.set, name))

  if (both != null) {
    throw new UsageError(`--matrix ${both}=...: ${both} is given otherwise, too; leave out one of the two`)
  }

  const panel = { cells: cellsOf(matrix), seeds: await seedsOf(args, options) }
  await checkPanel(options, panel, args.yes)
  const results = await runPanel(options, panel)
  const verdict = worstVerdict(results.map((result) => result.verdict))

  if (args.json) {
    surroundings.stdout.write(`${JSON.stringify({ verdict, runs: results })}\n`)
  } else {
    results.forEach((result) => {
      surroundings.stdout.write(`${[...result.cell == null ? [] : [result.cell], `seed ${result.seed}`].join(', ')}: ${tell(result, args, surroundings)}`)
    })
    const passed = results.filter((result) => result.verdict === 'pass').length
    surroundings.stdout.write(`${verdict}: ${passed} of ${results.length} ${matrix.size > 0 ? 'runs' : 'seeds'} passed\n`)
  }

  return exitCodeOf(verdict)
}

/** Refuses what is about one run, and two ways to say how often. */
function refuseBoth ({ seed, seeds, repeat, matrix, analyze }: RunArguments): void {
  const many = seeds != null ? `--seeds ${seeds}` : repeat != null ? `--repeat ${repeat}` : `--matrix ${matrix[0] ?? ''}`

  if (seeds != null && repeat != null) {
    throw new UsageError(`${many}: leave out --repeat, which says how many seeds there are as well`)
  }

  if (analyze || (seeds != null && seed != null)) {
    throw new UsageError(`${many}: leave out --${analyze ? 'analyze' : 'seed'}, which is about one run`)
  }
}

/** The seeds that were asked for; by default the one of the composition. */
async function seedsOf ({ seeds, repeat = 1 }: RunArguments, options: RunOptions): Promise<number[]> {
  const { checkRun, parseSeeds, repeatedSeeds } = await import('../../runners/index.ts')
  return seeds == null ? repeatedSeeds(repeat, (await checkRun(options)).seed) : parseSeeds(seeds)
}

/** What became of a run, for people; where a simulation failed, the one command that shows the same again, with its events. */
function tell ({ verdict, reason, folder }: RunReport, args: RunArguments, surroundings: Surroundings): string {
  const path = relative(surroundings.cwd(), folder) || '.'
  const words = simulationWords({ ...args, trace: true }).join(' ')
  const again = args.runner === 'sim' && verdict !== 'pass' ? `the same again, with its events: peerslab run ${path} --runner sim ${words}\n` : ''
  return `${verdict}: ${reason}\nrun folder: ${path}\n${again}`
}

/** The command that would do the same again, for the record. */
function commandOf (args: RunArguments): string[] {
  const { composition, runner, engine, endpoint, set, seed, timeout } = args
  return [
    'run', composition, '--runner', runner, '--timeout', String(timeout),
    ...set.flatMap((setting) => ['--set', setting]),
    ...(seed == null ? [] : ['--seed', seed]),
    ...(engine == null ? [] : ['--engine', engine]),
    ...(endpoint == null ? [] : ['--endpoint', endpoint]),
    ...simulationWords(args)
  ]
}
