import { exitCodes } from '../exit-codes.ts'
import { interruptibly } from '../interruption.ts'
import type { CommandModule } from 'yargs'
import type { Surroundings } from '../surroundings.ts'

interface CostsArguments {
  file: string
}

/** What the fields of the table cost, in the order in which they are shown. */
const shown = [
  ['eventMs', 'ms for an event'],
  ['signMs', 'ms for a signature (Ed25519, 700 bytes)'],
  ['verifyMs', 'ms for a verification'],
  ['bytesMsPerMebibyte', 'ms for a MiB that is hashed or encrypted']
] as const

export function costsCommand (surroundings: Surroundings, use: (exitCode: number) => void): CommandModule<object, CostsArguments> {
  return {
    command: 'costs <file>',
    describe: 'Measure what computing costs on this machine, for run --runner sim --costs (experimental)',
    builder: (yargs) => yargs
      .positional('file', { type: 'string', demandOption: true, describe: 'where the table goes, as JSON' })
      .example('$0 costs costs.json', 'takes a minute, and wants an idle machine') as never,
    handler: async ({ file }) => {
      const { measureCosts } = await import('../../runners/index.ts')
      const costs = await interruptibly(surroundings, (signal) =>
        measureCosts({ file, workingDirectory: surroundings.cwd(), progress: surroundings.stderr, signal }))

      if (costs == null) {
        surroundings.stdout.write('unknown: the measurement was interrupted, and nothing was written\n')
        use(exitCodes.unknown)
        return
      }

      shown.forEach(([field, what]) => { surroundings.stdout.write(`${field.padEnd(20)}${String(costs[field]).padStart(8)}  ${what}\n`) })
      use(exitCodes.pass)
    }
  }
}
