import { relative } from 'node:path'
import { exitCodeOf } from '../exit-codes.ts'
import { interruptibly } from '../interruption.ts'
import { checkGivenOnce, checkTimeout, parseSettings } from '../settings.ts'
import { UsageError } from '../usage-error.ts'
import type { CommandModule } from 'yargs'
import type { CalibrationFolder, Mode } from '../../analysis/index.ts'
import type { RunOptions } from '../../runners/index.ts'
import type { Surroundings } from '../surroundings.ts'

/** More repeats than this are a mistake rather than a calibration. */
const repeatsMax = 100

interface CalibrateArguments {
  composition?: string
  repeat: number
  set: string[]
  seed: number
  out: string
  timeout: number
  json: boolean
}

export function calibrateCommand (surroundings: Surroundings, use: (exitCode: number) => void): CommandModule<object, CalibrateArguments> {
  return {
    command: 'calibrate [composition]',
    describe: 'Run a composition with sim, sim --paced and local, and tell how far they are from each other',
    builder: (yargs) => yargs
      .positional('composition', { type: 'string', describe: 'a Testground composition (.toml); by default composition/calibration.toml' })
      .option('repeat', { type: 'number', requiresArg: true, default: 3, describe: 'how often each is run, each time with the next seed' })
      .option('set', { type: 'string', array: true, nargs: 1, default: [], describe: 'set a parameter, as for run' })
      .option('seed', { type: 'number', requiresArg: true, default: 1, describe: 'the seed of the first repeat' })
      .option('out', { type: 'string', requiresArg: true, default: 'runs', describe: 'directory of the run folders' })
      .option('timeout', { type: 'number', requiresArg: true, default: 600, describe: 'end a run after so many seconds' })
      .option('json', { type: 'boolean', default: false, describe: 'print the result as one JSON object' })
      .example('$0 calibrate', 'takes ten minutes, and wants an idle machine')
      .example('$0 calibrate composition/link.toml --repeat 6', 'round trips, with an interval of 95 %') as never,
    handler: async (args) => { use(await execute(args, surroundings)) }
  }
}

async function execute (args: CalibrateArguments, surroundings: Surroundings): Promise<number> {
  checkGivenOnce(args, ['repeat', 'seed', 'out', 'timeout'])
  const { repeat, seed, json } = args

  if (!Number.isInteger(repeat) || repeat < 1 || repeat > repeatsMax) {
    throw new UsageError(`--repeat must be a whole number from 1 to ${repeatsMax}`)
  }

  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new UsageError('--seed must be a whole number, 0 or more')
  }

  const folders = await interruptibly(surroundings, (signal) => runAll(args, surroundings, signal))
  const { calibrate, modes } = await import('../../analysis/index.ts')
  const { text, ...result } = await calibrate(folders)
  // What was cut short was not compared as it was asked for, whatever the part of it says.
  const complete = folders.length === repeat * modes.length
  const { verdict, reason } = complete || result.verdict === 'fail'
    ? result
    : { verdict: 'unknown' as const, reason: `the calibration was interrupted after ${folders.length} of ${repeat * modes.length} runs` }
  const shown = folders.map(({ folder, ...about }) => ({ ...about, folder: relative(surroundings.cwd(), folder) }))
  surroundings.stdout.write(json
    ? `${JSON.stringify({ ...result, verdict, reason, folders: shown })}\n`
    : `${text}\n${verdict}: ${reason}\n`)
  return exitCodeOf(verdict)
}

/** All repeats; the three ways take turns, so that what else the machine does meets all of them. */
async function runAll (args: CalibrateArguments, surroundings: Surroundings, signal: AbortSignal): Promise<CalibrationFolder[]> {
  const [{ calibrationFile, run }, { modes }] = await Promise.all([import('../../runners/index.ts'), import('../../analysis/index.ts')])
  const composition = args.composition ?? calibrationFile
  const timeoutMs = checkTimeout(args.timeout)
  const folders: CalibrationFolder[] = []

  for (let repeat = 1; repeat <= args.repeat; repeat++) {
    for (const mode of modes) {
      if (signal.aborted) {
        return folders
      }

      const seed = String(args.seed + repeat - 1)
      const { runner, simulation, words } = waysOf(mode)
      surroundings.stderr.write(`calibrate: repeat ${repeat} of ${args.repeat}, ${words.join(' ')}, seed ${seed}\n`)
      const { folder } = await run({
        composition,
        runner,
        simulation,
        set: { ...parseSettings(args.set), seed },
        out: args.out,
        timeoutMs,
        workingDirectory: surroundings.cwd(),
        command: ['run', composition, '--runner', ...words, '--timeout', String(args.timeout), ...args.set.flatMap((each) => ['--set', each]), '--seed', seed],
        progress: surroundings.stderr,
        signal
      })
      folders.push({ mode, repeat, folder })
    }
  }

  return folders
}

function waysOf (mode: Mode): Pick<RunOptions, 'runner' | 'simulation'> & { words: string[] } {
  return mode === 'local'
    ? { runner: 'local', simulation: {}, words: ['local'] }
    : { runner: 'sim', simulation: { paced: mode === 'paced' }, words: mode === 'paced' ? ['sim', '--paced'] : ['sim'] }
}
