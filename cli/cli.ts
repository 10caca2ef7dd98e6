import yargs from 'yargs'
import { analyzeCommand } from './commands/analyze.ts'
import { calibrateCommand } from './commands/calibrate.ts'
import { compareCommand } from './commands/compare.ts'
import { corpusCommand } from './commands/corpus.ts'
import { costsCommand } from './commands/costs.ts'
import { gateCommand } from './commands/gate.ts'
import { listCommand } from './commands/list.ts'
import { networkCommand } from './commands/network.ts'
import { paperCommand } from './commands/paper.ts'
import { peerCommand } from './commands/peer.ts'
import { queryCommand } from './commands/query.ts'
import { runCommand } from './commands/run.ts'
import { serveCommand } from './commands/serve.ts'
import { syncServiceCommand } from './commands/sync-service.ts'
import { verifyCommand } from './commands/verify.ts'
import { exitCodes } from './exit-codes.ts'
import { UsageError } from './usage-error.ts'
import { withTwoDashes } from '../peersdb/flags.ts'
import type { Surroundings } from './surroundings.ts'

/** The errors that tell the user what cannot be done as asked. By name, so that help and refusals load no more than they need. */
const usageErrors = [
  'AcceptError', 'CompositionError', 'CorpusError', 'ParameterError', 'ProfileError', 'RunFolderError', 'RunRequestError', 'SelectionError',
  'ServeError', 'UsageError',
  'DaemonError', 'FlagError', 'FontError', 'HttpInitError', 'InvalidInputError', 'ListenError', 'RecordDirectoryError',
  'StoreDamagedError', 'StoreFullError', 'StoreInUseError', 'StoreUnavailableError', 'StoreVersionError', 'SyncStartError'
]
const commands = [
  'run', 'verify', 'calibrate', 'costs', 'analyze', 'compare', 'gate', 'paper', 'serve', 'list', 'corpus', 'network', 'sync-service', 'peer',
  'query', 'help'
]

/** Runs one command line; returns its exit code. */
export async function cli (args: readonly string[], surroundings: Surroundings): Promise<number> {
  let exitCode: number = exitCodes.pass
  const use = (code: number): void => { exitCode = code }
  const parser = yargs(args[0] === 'peer' ? withTwoDashes(args) : args)
    .scriptName('peerslab')
    .usage('$0 <command>\n\nRuns PeersDB, a peer-to-peer data distribution layer, and measures it under a described network.')
    .command(runCommand(surroundings, use))
    .command(verifyCommand(surroundings, use))
    .command(calibrateCommand(surroundings, use))
    .command(costsCommand(surroundings, use))
    .command(analyzeCommand(surroundings, use))
    .command(compareCommand(surroundings, use))
    .command(gateCommand(surroundings, use))
    .command(paperCommand(surroundings, use))
    .command(serveCommand(surroundings))
    .command(listCommand(surroundings))
    .command(corpusCommand(surroundings, use))
    .command(networkCommand(surroundings))
    .command(syncServiceCommand(surroundings))
    .command(peerCommand(surroundings))
    .command(queryCommand(surroundings))
    .command('help', 'Show this help', {}, () => { parser.showHelp((text) => { surroundings.stdout.write(`${text}\n`) }) })
    .demandCommand(1, 'name a command; "peerslab help" lists them')
    .strict()
    .version(false)
    .help()
    .alias('help', 'h')
    .epilogue('Exit codes: 0 pass, 1 fail, 2 unknown, 64 usage error, 70 the harness broke.')
    .exitProcess(false)
    .wrap(Math.min(100, surroundings.stdout.columns ?? 100))
    .fail((message: string | null, err: Error | undefined) => {
      // The parser's own errors are about the command line; all others come from a command.
      throw err != null && err.name !== 'YError' ? err : new UsageError(teach(message ?? err?.message ?? 'that is no command', args))
    })

  try {
    await parser.parseAsync()
    return exitCode
  } catch (err) {
    return report(err, surroundings)
  }
}

/** Adds to what the parser says where the user finds how it is written. */
function teach (message: string, [first = '']: readonly string[]): string {
  if (message.includes('"peerslab help"')) {
    return message
  }

  const command = commands.includes(first) ? `${first} ` : ''
  const what = message.startsWith('Not enough non-option arguments') ? `${command}lacks what it is about` : message.split('\n')[0]
  return `${what}; "peerslab ${command}--help" shows how it is written`
}

/** What the user did wrong, and what is not there, is one sentence; what we did wrong shows where. */
function report (thrown: unknown, { stderr }: Surroundings): number {
  const err = thrown instanceof Error ? thrown : new Error(String(thrown))

  if (usageErrors.includes(err.name)) {
    stderr.write(`peerslab: ${err.message}\n`)
    return exitCodes.usageError
  }

  stderr.write(`peerslab: the harness broke: ${err.name === 'HarnessError' ? err.message : err.stack}\n`)
  return exitCodes.harnessBroke
}
