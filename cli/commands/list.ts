import { listCases, listCompositions } from '../../runners/list.ts'
import type { CommandModule } from 'yargs'
import type { Surroundings } from '../surroundings.ts'

interface ListArguments {
  json: boolean
}

export function listCommand ({ stdout }: Surroundings): CommandModule<object, ListArguments> {
  return {
    command: 'list',
    describe: 'List the compositions, the cases with their parameters, and the networks',
    builder: (yargs) => yargs
      .option('json', { type: 'boolean', default: false, describe: 'print everything as one JSON object' }) as never,
    handler: async ({ json }) => {
      const compositions = await listCompositions()
      const { cases, networks } = await listCases()

      if (json) {
        stdout.write(`${JSON.stringify({ compositions, cases, networks })}\n`)
        return
      }

      stdout.write('Compositions (peerslab run <file>)\n')
      compositions.forEach(({ file, case: name, instances, network }) => {
        stdout.write(`  ${file.padEnd(38)} case ${name}, ${instances} instances, network ${network}\n`)
      })

      for (const [name, { instances, params }] of Object.entries(cases)) {
        stdout.write(`\nCase ${name}, ${instances.min} to ${instances.max} instances\n`)

        for (const [param, { description, default: value, unit }] of Object.entries(params)) {
          stdout.write(`  ${`${param}=${value ?? ''}`.padEnd(28)} ${description}${unit == null ? '' : ` [${unit}]`}\n`)
        }
      }

      stdout.write(`\nNetworks\n  ${networks.join(', ')}\n`)
    }
  }
}
