import { resolve } from 'node:path'
import { exitCodeOf } from '../exit-codes.ts'
import { interruptibly } from '../interruption.ts'
import { checkGivenOnce, parseSettings } from '../settings.ts'
import { UsageError } from '../usage-error.ts'
import { checkShares, comparisonFormat, isNothingToSay, writeOut } from './compare.ts'
import type { CommandModule } from 'yargs'
import type { CompareOptions, StudyComparison } from '../../analysis/index.ts'
import type { GateReport } from '../../runners/index.ts'
import type { Surroundings } from '../surroundings.ts'

interface GateArguments {
  composition: string
  base: string
  head: string
  runner: string
  set: string[]
  budget: string
  threshold: number
  alpha: number
  metric: string[]
  accept?: string
  out?: string
  format: string
}

const unitsMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 }
const budgetMsMax = 24 * 3_600_000

export function gateCommand (surroundings: Surroundings, use: (exitCode: number) => void): CommandModule<object, GateArguments> {
  return {
    command: 'gate <composition>',
    describe: 'Check two versions out, run them in turn, and tell whether the newer one is worse',
    builder: (yargs) => yargs
      .positional('composition', { type: 'string', demandOption: true, describe: 'a composition file, which both versions run' })
      .option('base', { type: 'string', requiresArg: true, demandOption: true, describe: 'a commit, branch or tag of this checkout to compare with' })
      .option('head', { type: 'string', requiresArg: true, default: 'HEAD', describe: 'the changed version' })
      .option('runner', { type: 'string', requiresArg: true, choices: ['sim', 'local'], default: 'sim', describe: 'sim: the same seeds on both sides, in pairs; local: processes, in turns' })
      .option('budget', { type: 'string', requiresArg: true, default: '10m', describe: 'stop after so long without a clear answer: 90s, 10m, 1h; building is not counted' })
      .option('set', { type: 'string', array: true, nargs: 1, default: [], describe: 'set a parameter on both sides, as for run' })
      .option('threshold', { type: 'number', requiresArg: true, default: 5, describe: 'a worsening by fewer per cent does not matter' })
      .option('alpha', { type: 'number', requiresArg: true, default: 0.05, describe: 'the chance to find any change where there is none, over all looks' })
      .option('metric', { type: 'string', array: true, nargs: 1, default: [], describe: 'compare this metric, and only those that are named' })
      .option('accept', { type: 'string', requiresArg: true, describe: 'a file of accepted changes, one a line with its reason' })
      .option('out', { type: 'string', requiresArg: true, describe: 'directory of the run folders of both sides and of the result; by default one below runs/gate' })
      .option('format', { type: 'string', requiresArg: true, default: 'text', describe: 'how the result is printed, as for compare' })
      .example('$0 gate composition/ci.toml --base main', 'is this branch slower than main?')
      .example('$0 gate composition/quick.toml --base v0.1.0 --runner local --budget 1h', 'with real processes')
      .epilogue('Exit codes: 0 not worse, 1 worse, 2 cannot be told, 64 usage error.') as never,
    handler: async (args) => { use(await execute(args, surroundings)) }
  }
}

async function execute (args: GateArguments, surroundings: Surroundings): Promise<number> {
  checkGivenOnce(args, ['base', 'head', 'runner', 'budget', 'threshold', 'alpha', 'accept', 'out', 'format'])
  checkShares(args)
  parseSettings(args.set)
  const budgetMs = readBudget(args.budget)
  const format = comparisonFormat(args.format)
  const { compareStudies, formatComparison, readAccepted } = await import('../../analysis/index.ts')
  const { gate, packageRoot } = await import('../../runners/index.ts')
  const { stdout, stderr } = surroundings
  const options: CompareOptions = {
    threshold: args.threshold / 100,
    metrics: args.metric,
    isOneComposition: true,
    accepted: args.accept == null ? [] : await readAccepted(resolve(surroundings.cwd(), args.accept))
  }
  let comparison: StudyComparison | undefined
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '')
  const out = args.out ?? `runs/gate/${time}`
  const report = await interruptibly(surroundings, (signal) => gate({
    root: packageRoot,
    composition: args.composition,
    base: args.base,
    head: args.head,
    runner: args.runner as 'sim' | 'local',
    words: args.set.flatMap((setting) => ['--set', setting]),
    budgetMs,
    alpha: args.alpha,
    out,
    workingDirectory: surroundings.cwd(),
    judge: async ({ base, head }, alpha) => {
      try {
        comparison = await compareStudies(base, head, { ...options, alpha })
        return comparison
      } catch (err) {
        if (!isNothingToSay(err)) {
          throw err
        }

        return { verdict: 'unknown', reason: (err as Error).message }
      }
    },
    onProgress: (sentence) => { stderr.write(`gate: ${sentence}\n`) },
    signal
  }))
  if (comparison != null) {
    stdout.write(formatComparison(comparison, format))
    await writeOut(comparison, { out, width: 'page', surroundings })
  }

  tell(report, comparison, surroundings)
  return exitCodeOf(report.verdict)
}

/** Where the runs are, and the verdict where it is not that of the last comparison. */
function tell ({ verdict, reason, studies }: GateReport, comparison: StudyComparison | undefined, { stderr, stdout }: Surroundings): void {
  stderr.write(`gate: the runs are in ${studies.base} and ${studies.head}\n`)

  if (comparison == null) {
    stdout.write(`${verdict}: ${reason}\n`)
  } else if (comparison.verdict !== verdict || comparison.reason !== reason) {
    stderr.write(`gate: ${verdict}: ${reason}\n`)
  }
}

function readBudget (text: string): number {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)([smh])$/.exec(text) ?? []
  const ms = Number(number) * (unitsMs[unit] ?? NaN)

  if (!(ms > 0 && ms <= budgetMsMax)) {
    throw new UsageError(`--budget ${text}: write a time of at most a day, such as 90s, 10m or 1h`)
  }

  return ms
}
