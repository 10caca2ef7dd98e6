import { relative, resolve } from 'node:path'
import { exitCodes } from '../exit-codes.ts'
import { checkGivenOnce } from '../settings.ts'
import { UsageError } from '../usage-error.ts'
import { readWidth, widthOption } from '../width.ts'
import type { CommandModule } from 'yargs'
import type { Analysis, Width } from '../../analysis/index.ts'
import type { Surroundings } from '../surroundings.ts'

interface AnalyzeArguments {
  folder: string
  where: string[]
  by: string[]
  out?: string
  width: string
  json: boolean
}

export function analyzeCommand (surroundings: Surroundings, use: (exitCode: number) => void): CommandModule<object, AnalyzeArguments> {
  return {
    command: 'analyze <folder>',
    describe: 'Turn a run folder into tables, figures and a report',
    builder: (yargs) => yargs
      .positional('folder', { type: 'string', demandOption: true, describe: 'a run folder, such as runs/quick/latest, or the .tgz that Testground collected' })
      .option('out', { type: 'string', requiresArg: true, describe: 'directory for the report and the figures; by default the run folder' })
      .option('width', widthOption)
      .option('where', {
        type: 'string', array: true, nargs: 1, default: [],
        describe: 'only print a table of rows of which this holds: --where region=us-west1, --where group!=newcomers'
      })
      .option('by', {
        type: 'string', array: true, nargs: 1, default: [],
        describe: 'only print a table with a line for each value of this: a tag, a parameter, group, run, seed, case, runner, network'
      })
      .option('json', { type: 'boolean', default: false, describe: 'print the result as one JSON object' })
      .example('$0 analyze runs/quick/latest', 'prints a table and writes report.html')
      .example('$0 analyze runs/quick --by seed --where metric=replication_file_ms', 'all runs of a folder, in one table') as never,
    handler: async (args) => {
      use(await execute(args, surroundings).catch((err: unknown) => {
        if (!(err instanceof Error) || !['StudyError', 'ArchiveError'].includes(err.name)) {
          throw err
        }

        surroundings.stderr.write(`peerslab: ${err.message}\n`)
        return exitCodes.unknown
      }))
    }
  }
}

async function execute (args: AnalyzeArguments, surroundings: Surroundings): Promise<number> {
  checkGivenOnce(args, ['out', 'width'])
  const width = readWidth(args.width)

  if (args.where.length > 0 || args.by.length > 0) {
    return answer(args, surroundings)
  }

  const options = { width, ...(args.out == null ? {} : { out: args.out }) }
  const { table, rows, complete, warnings, report, figures } = await analyzeFolder(args.folder, surroundings, options)
  surroundings.stdout.write(args.json
    ? `${JSON.stringify({ rows, complete, warnings, report, figures })}\n`
    : `${table}\nreport: ${relative(surroundings.cwd(), report)}\n`)
  return complete ? exitCodes.pass : exitCodes.unknown
}

/** A table of the rows that are asked for; nothing is written. */
async function answer ({ folder, where, by, out, json }: AnalyzeArguments, surroundings: Surroundings): Promise<number> {
  if (out != null) {
    throw new UsageError('--out: leave it out where --where or --by ask for a table, which is printed and not written')
  }

  const { answerTables, parseConditions, query, tableText } = await import('../../analysis/index.ts')
  const { stdout, stderr } = surroundings
  const answer = await query(folder, by, {
    where: parseConditions(where),
    onProgress: (sentence) => { stderr.write(`analyze: ${sentence}\n`) }
  })
  const { groups, warnings, complete, rows, chosen } = answer

  if (json) {
    stdout.write(`${JSON.stringify({ rows, chosen, complete, warnings, by, groups })}\n`)
  } else {
    answerTables(answer, by).forEach((table) => { stdout.write(`${tableText(table)}\n\n`) })
    stdout.write(`${chosen} of ${rows} rows${groups.length === 0 ? ': there is nothing to show' : ''}\n`)
    warnings.forEach((warning, index) => { stdout.write(`${index === 0 ? 'Warnings\n' : ''}  ${index + 1}. ${warning}\n`) })
  }

  return complete && groups.length > 0 ? exitCodes.pass : exitCodes.unknown
}

export async function analyzeFolder (
  folder: string, { stderr, cwd }: Surroundings, { out, width = 'page' }: { out?: string, width?: Width } = {}
): Promise<Analysis> {
  const { analyze, layouts } = await import('../../analysis/index.ts')
  return analyze(folder, {
    layout: layouts[width],
    ...(out == null ? {} : { out: resolve(cwd(), out) }),
    onProgress: (sentence) => { stderr.write(`analyze: ${sentence}\n`) }
  })
}
