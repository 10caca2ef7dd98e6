import { resolve } from 'node:path'
import { exitCodeOf, exitCodes } from '../exit-codes.ts'
import { checkGivenOnce } from '../settings.ts'
import { UsageError } from '../usage-error.ts'
import { readWidth, widthOption } from '../width.ts'
import type { CommandModule } from 'yargs'
import type { CompareOptions, ComparisonFormat, StudyComparison, Width } from '../../analysis/index.ts'
import type { Surroundings } from '../surroundings.ts'

interface CompareArguments {
  base: string
  head: string
  threshold: number
  alpha: number
  metric: string[]
  by?: string
  vary: string[]
  accept?: string
  format: string
  out?: string
  width: string
}

/** By name, since help and refusals must not load the analysis. */
const formats: readonly ComparisonFormat[] = ['text', 'markdown', 'latex', 'csv', 'json', 'junit']

export function compareCommand (surroundings: Surroundings, use: (exitCode: number) => void): CommandModule<object, CompareArguments> {
  return {
    command: 'compare <base> <head>',
    describe: 'Tell whether head is worse than base: two run folders, or two folders of them',
    builder: (yargs) => yargs
      .positional('base', { type: 'string', demandOption: true, describe: 'a run folder, or a folder of run folders such as runs/quick' })
      .positional('head', { type: 'string', demandOption: true, describe: 'the same, of the changed code' })
      .option('threshold', { type: 'number', requiresArg: true, default: 5, describe: 'a worsening by fewer per cent does not matter' })
      .option('alpha', { type: 'number', requiresArg: true, default: 0.05, describe: 'the chance to find any change where there is none' })
      .option('metric', { type: 'string', array: true, nargs: 1, default: [], describe: 'compare this metric, and only those that are named' })
      .option('by', { type: 'string', requiresArg: true, describe: 'divide runs by a tag, such as region, or by group' })
      .option('vary', { type: 'string', array: true, nargs: 1, default: [], describe: 'what differs on purpose, such as sync or network' })
      .option('accept', { type: 'string', requiresArg: true, describe: 'a file of accepted changes, one a line with its reason' })
      .option('format', { type: 'string', requiresArg: true, default: 'text', describe: `how the result is printed: ${formats.join(', ')}` })
      .option('out', { type: 'string', requiresArg: true, describe: 'directory for the result in every format, and for a figure of it; by default it is only printed' })
      .option('width', widthOption)
      .example('$0 compare base head', 'two folders of ten runs each')
      .example('$0 compare base head --format junit > result.xml', 'for CI')
      .example('$0 compare base head --out compared', 'with a forest plot')
      .epilogue('Exit codes: 0 not worse, 1 worse, 2 cannot be told, 64 usage error.') as never,
    handler: async (args) => { use(await execute(args, surroundings)) }
  }
}

async function execute (args: CompareArguments, surroundings: Surroundings): Promise<number> {
  checkGivenOnce(args, ['threshold', 'alpha', 'by', 'accept', 'format', 'out', 'width'])
  checkShares(args)
  const width = readWidth(args.width)
  const { base, head, accept, metric, by, vary } = args
  const format = comparisonFormat(args.format)

  const { compareStudies, formatComparison, readAccepted } = await import('../../analysis/index.ts')
  const options: CompareOptions = {
    threshold: args.threshold / 100,
    alpha: args.alpha,
    metrics: metric,
    vary,
    ...(by == null ? {} : { by }),
    accepted: accept == null ? [] : await readAccepted(resolve(surroundings.cwd(), accept)),
    onProgress: (sentence) => { surroundings.stderr.write(`compare: ${sentence}\n`) }
  }

  try {
    const comparison = await compareStudies(base, head, options)
    surroundings.stdout.write(formatComparison(comparison, format))

    if (args.out != null) {
      await writeOut(comparison, { out: args.out, width, surroundings })
    }

    return exitCodeOf(comparison.verdict)
  } catch (err) {
    if (!isNothingToSay(err)) {
      throw err
    }

    surroundings.stderr.write(`peerslab: ${(err as Error).message}\n`)
    return exitCodes.unknown
  }
}

/** Writes a comparison. Where its figure cannot be drawn, the numbers are there and the verdict is what it is. */
export async function writeOut (
  comparison: StudyComparison, { out, width, surroundings }: { out: string, width: Width, surroundings: Surroundings }
): Promise<void> {
  const { FontError, layouts, writeComparison } = await import('../../analysis/index.ts')

  try {
    await writeComparison(comparison, { out: resolve(surroundings.cwd(), out), layout: layouts[width] })
  } catch (err) {
    if (!(err instanceof FontError)) {
      throw err
    }

    surroundings.stderr.write(`peerslab: ${err.message}\n`)
  }
}

/** @throws {UsageError} */
export function comparisonFormat (name: string): ComparisonFormat {
  const format = formats.find((each) => each === name)

  if (format == null) {
    throw new UsageError(`--format ${name} is none; use one of ${formats.join(', ')}`)
  }

  return format
}

/** Whether an error says that of two studies nothing can be said, which is an answer. */
export function isNothingToSay (err: unknown): boolean {
  return err instanceof Error && ['StudyError', 'RunFolderError', 'ArchiveError'].includes(err.name)
}

/** @throws {UsageError} */
export function checkShares ({ threshold, alpha }: Pick<CompareArguments, 'threshold' | 'alpha'>): void {
  if (!(threshold > 0 && threshold < 1000)) {
    throw new UsageError('--threshold must be a number of per cent above 0 and below 1000')
  }

  if (!(alpha > 0 && alpha < 1)) {
    throw new UsageError('--alpha must be a number above 0 and below 1')
  }
}
