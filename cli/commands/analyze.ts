import { relative } from 'node:path'
import { exitCodes } from '../exit-codes.ts'
import type { CommandModule } from 'yargs'
import type { Analysis } from '../../analysis/index.ts'
import type { Surroundings } from '../surroundings.ts'

interface AnalyzeArguments {
  folder: string
  json: boolean
}

export function analyzeCommand (surroundings: Surroundings, use: (exitCode: number) => void): CommandModule<object, AnalyzeArguments> {
  return {
    command: 'analyze <folder>',
    describe: 'Turn a run folder into tables, figures and a report',
    builder: (yargs) => yargs
      .positional('folder', { type: 'string', demandOption: true, describe: 'a run folder, such as runs/quick/latest' })
      .option('json', { type: 'boolean', default: false, describe: 'print the result as one JSON object' })
      .example('$0 analyze runs/quick/latest', 'prints a table and writes report.html') as never,
    handler: async ({ folder, json }) => {
      const analysis = await analyzeFolder(folder, surroundings)
      const { table, rows, complete, warnings, report, figures } = analysis
      surroundings.stdout.write(json
        ? `${JSON.stringify({ rows, complete, warnings, report, figures })}\n`
        : `${table}\nreport: ${relative(surroundings.cwd(), report)}\n`)
      use(complete ? exitCodes.pass : exitCodes.unknown)
    }
  }
}

export async function analyzeFolder (folder: string, { stderr }: Surroundings): Promise<Analysis> {
  const { analyze } = await import('../../analysis/index.ts')
  return analyze(folder, { onProgress: (sentence) => { stderr.write(`analyze: ${sentence}\n`) } })
}
