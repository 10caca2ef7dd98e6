import { writeFile } from 'node:fs/promises'
import { extname, resolve } from 'node:path'
import { checkGivenOnce, readSeed } from '../settings.ts'
import { UsageError } from '../usage-error.ts'
import type { CommandModule } from 'yargs'
import type { NetworkSummary } from '../../runners/networks.ts'
import type { Surroundings } from '../surroundings.ts'

interface ShowArguments { network: string, json: boolean, out?: string }
interface ImportArguments { table: string, profile: string, name: string, source: string }
interface SampleArguments { profile: string, sites: number, seed: string }

/** `network` shows, imports and draws what lies between instances. */
export function networkCommand (surroundings: Surroundings): CommandModule {
  return {
    command: 'network',
    describe: 'List, show, import or sample the profiles of networks',
    builder: (yargs) => yargs
      .command(listCommand(surroundings))
      .command(showCommand(surroundings))
      .command(importCommand(surroundings))
      .command(sampleCommand(surroundings))
      .demandCommand(1, 'network lacks what to do; name list, show, import or sample')
      .example('$0 network show gcp-six-regions --out network.png', 'the round trips between six regions, as a picture')
      .example('$0 run composition/quick.toml --set network=aptos', 'a run over another network'),
    handler: () => {}
  }
}

function listCommand ({ stdout }: Surroundings): CommandModule {
  return {
    command: 'list',
    describe: 'Name the profiles that come with the package',
    handler: async () => {
      const { readNetworks } = await import('../../runners/networks.ts')

      for (const { name, description } of await readNetworks()) {
        stdout.write(`${name.padEnd(24)}${description}\n`)
      }
    }
  }
}

function showCommand (surroundings: Surroundings): CommandModule<object, ShowArguments> {
  return {
    command: 'show <network>',
    describe: 'Print the round trips and rates of a profile, or draw them',
    builder: (yargs) => yargs
      .positional('network', { type: 'string', demandOption: true, describe: 'the name of a profile, or a .json file' })
      .option('out', { type: 'string', requiresArg: true, describe: 'draw its round trips into this file, .svg, .pdf or .png' })
      .option('json', { type: 'boolean', default: false, describe: 'print it as one JSON object' }) as never,
    handler: async (args) => {
      checkGivenOnce(args, ['out'])
      const { network: asked, json, out } = args
      const format = out == null ? undefined : formatOf(out)
      const { readNetwork } = await import('../../runners/networks.ts')
      const network = await readNetwork(asked, surroundings.cwd())

      if (out != null && format != null) {
        const { networkPicture } = await import('../../analysis/network-picture.ts')
        const picture = await networkPicture(network, format)
        await writeFile(resolve(surroundings.cwd(), out), picture).catch((err: NodeJS.ErrnoException) => {
          throw new UsageError(`the picture ${out} cannot be written (${err.code ?? err.message}); name a file in a directory where you may write`)
        })
        surroundings.stdout.write(`drawn: ${out}\n`)
        return
      }

      surroundings.stdout.write(json ? `${JSON.stringify(network)}\n` : await describe(network))
    }
  }
}

function formatOf (out: string): 'svg' | 'pdf' | 'png' {
  const format = extname(out).slice(1)

  if (format !== 'svg' && format !== 'pdf' && format !== 'png') {
    throw new UsageError(`--out ${out} names no kind of picture; let it end in .svg, .pdf or .png`)
  }

  return format
}

async function describe (network: NetworkSummary): Promise<string> {
  const { networkTables } = await import('../../analysis/network-picture.ts')
  const { name, description, anyRegion, jitterRoundTripMs, lossProbability, level, source } = network
  return [
    `${name}: ${description}`,
    '',
    networkTables(network),
    '',
    ...(anyRegion ? ['Any other region is accepted too, and is as far from all.'] : []),
    `Jitter: round trips vary by ${jitterRoundTripMs} ms (standard deviation). Loss: ${lossProbability === 0 ? 'none' : `${lossProbability} of segments`}. Level: ${level}.`,
    ...(source === '' ? [] : [`Sources: ${source}`]),
    ''
  ].join('\n')
}

function importCommand (surroundings: Surroundings): CommandModule<object, ImportArguments> {
  return {
    command: 'import <table> <profile>',
    describe: 'Make a profile of a CSV table of round trips: a matrix, or a list of links',
    builder: (yargs) => yargs
      .positional('table', { type: 'string', demandOption: true, describe: 'a matrix of ms, or columns from, to, rtt_ms and perhaps bits_per_second' })
      .positional('profile', { type: 'string', demandOption: true, describe: 'the .json file to write; a run then takes --set network=<profile>' })
      .option('name', { type: 'string', requiresArg: true, demandOption: true, describe: 'what the profile is to be called' })
      .option('source', { type: 'string', requiresArg: true, demandOption: true, describe: 'who measured this, when and how: a sentence for every report' })
      .example('$0 network import rtt.csv mine.json --name mine --source "Own pings, May 2026"', '') as never,
    handler: async (args) => {
      checkGivenOnce(args, ['name', 'source'])
      const { table, profile, name, source } = args
      const { importNetwork } = await import('../../runners/networks.ts')
      tell(surroundings, profile, await importNetwork({ from: table, to: profile, name, source, workingDirectory: surroundings.cwd() }))
    }
  }
}

function sampleCommand (surroundings: Surroundings): CommandModule<object, SampleArguments> {
  return {
    command: 'sample <profile>',
    describe: 'Draw a profile of many sites whose round trips are distributed as those of PlanetLab',
    builder: (yargs) => yargs
      .positional('profile', { type: 'string', demandOption: true, describe: 'the .json file to write' })
      .option('sites', { type: 'number', requiresArg: true, default: 24, describe: 'how many' })
      .option('seed', { type: 'string', requiresArg: true, default: '1', describe: 'the number that they are drawn from' }) as never,
    handler: async (args) => {
      checkGivenOnce(args, ['sites', 'seed'])
      const { profile, sites, seed } = args
      const { sampleNetwork } = await import('../../runners/networks.ts')
      tell(surroundings, profile, await sampleNetwork({ to: profile, sites, seed: readSeed(seed), workingDirectory: surroundings.cwd() }))
    }
  }
}

function tell ({ stdout }: Surroundings, file: string, { regions }: NetworkSummary): void {
  stdout.write(`written: ${file}, ${regions.length} regions\n`)
}
