import { relative, resolve } from 'node:path'
import { exitCodes } from '../exit-codes.ts'
import { checkGivenOnce } from '../settings.ts'
import type { CommandModule } from 'yargs'
import type { Surroundings } from '../surroundings.ts'

interface PaperArguments {
  study: string
  out: string
  json: boolean
}

export function paperCommand (surroundings: Surroundings, use: (exitCode: number) => void): CommandModule<object, PaperArguments> {
  return {
    command: 'paper <study>',
    describe: 'Draw the paper\'s two experiments from runs, beside what the prototype measured, with a figures.tex',
    builder: (yargs) => yargs
      .positional('study', { type: 'string', demandOption: true, describe: 'a run folder, a folder of them such as runs/paper-replication, or runs itself' })
      .option('out', { type: 'string', requiresArg: true, default: 'paper', describe: 'directory of the figures and of figures.tex' })
      .option('json', { type: 'boolean', default: false, describe: 'print the result as one JSON object' })
      .example('$0 paper runs --out paper', 'then: cd paper && pdflatex figures.tex')
      .epilogue('Exit codes: 0 both experiments drawn, 2 one of them or none, 64 usage error.') as never,
    handler: async (args) => { use(await execute(args, surroundings)) }
  }
}

async function execute (args: PaperArguments, surroundings: Surroundings): Promise<number> {
  checkGivenOnce(args, ['out'])
  const { stdout, stderr, cwd } = surroundings
  const { writePaper } = await import('../../analysis/index.ts')

  try {
    const paper = await writePaper(resolve(cwd(), args.study), {
      out: resolve(cwd(), args.out),
      onProgress: (sentence) => { stderr.write(`paper: ${sentence}\n`) }
    })
    const { tex, figures, missing, warnings } = paper
    stdout.write(args.json
      ? `${JSON.stringify(paper)}\n`
      : [...missing, ...warnings, `figures: ${figures.join(', ')}`, `to compile: ${relative(cwd(), tex)}`, ''].join('\n'))
    return missing.length === 0 ? exitCodes.pass : exitCodes.unknown
  } catch (err) {
    if (!(err instanceof Error) || err.name !== 'PaperError') {
      throw err
    }

    stderr.write(`peerslab: ${err.message}\n`)
    return exitCodes.unknown
  }
}
