import { resolve } from 'node:path'
import { daemonFlags, FlagError, parseDaemonFlags } from '../../peersdb/flags.ts'
import { UsageError } from '../usage-error.ts'
import type { CommandModule } from 'yargs'
import type { Surroundings } from '../surroundings.ts'

type Flags = Record<string, unknown>

interface WatchArguments extends Flags {
  records: string
  url?: string
  tokenFile?: string
}

/** `peer` runs a PeersDB peer until it is interrupted; `peer watch` contributes what appears in a directory. */
export function peerCommand (surroundings: Surroundings): CommandModule<object, Flags> {
  return {
    command: 'peer',
    describe: 'Run a PeersDB peer: store, share and replicate contributions',
    builder: (yargs) => yargs
      .command(watchCommand(surroundings))
      .options(daemonFlags)
      .group(Object.keys(daemonFlags), 'The peer:')
      .example('$0 peer --http', 'a peer of its own, in peer-data/, with an HTTP interface on port 8080')
      .example('$0 peer --bootstrap 192.0.2.7 --full-replica', 'joins the peer at that address, and keeps every file')
      .example('$0 peer --pin workload=sort,slots=8..32', 'keeps the files of some contributions')
      .example('$0 peer watch results --url http://127.0.0.1:8080', 'contributes every finished job\'s record in results/') as never,
    handler: (args) => runUntilInterrupted(surroundings, async (signal) => {
      const options = parseDaemonFlags(flagsOf(args), surroundings.cwd())
      const { runDaemon } = await import('../../peersdb/daemon.ts')
      const { stdin: input, stdout: output, stderr: log } = surroundings
      await runDaemon({ options, input, output, log }, { signal })
    })
  }
}

function watchCommand (surroundings: Surroundings): CommandModule<object, WatchArguments> {
  return {
    command: 'watch <records>',
    describe: 'Contribute the record of every finished job in a directory, as it appears',
    builder: (yargs) => yargs
      .positional('records', { type: 'string', demandOption: true, describe: 'a directory with scout records (report.json, sar.csv) or C3O tables' })
      .option('url', { type: 'string', describe: 'the daemon that contributes them [http://127.0.0.1:8080]; or a peer of its own, with --directory' })
      .option('token-file', { type: 'string', describe: 'the token file of that daemon' }) as never,
    handler: (args) => runUntilInterrupted(surroundings, async (signal) => {
      const flags = flagsOf(args)
      const { url, tokenFile } = args
      const records = resolve(surroundings.cwd(), args.records)
      const isDaemon = Object.keys(flags).length > 0

      if (isDaemon && (url != null || tokenFile != null)) {
        throw new FlagError('--url uses a daemon that runs already, and the other flags start one; keep either')
      }

      await (isDaemon
        ? watchWithOwnPeer(surroundings, records, flags, signal)
        : watchWithDaemon(surroundings, { records, url, tokenFile }, signal))
    })
  }
}

async function watchWithOwnPeer (surroundings: Surroundings, records: string, flags: Flags, signal: AbortSignal): Promise<void> {
  const options = parseDaemonFlags(flags, surroundings.cwd())
  const { runDaemon } = await import('../../peersdb/daemon.ts')
  const { stdin: input, stdout: output, stderr: log } = surroundings
  await runDaemon({ options, input, output, log, records }, { signal })
}

type WatchTarget = Pick<WatchArguments, 'records' | 'url' | 'tokenFile'>

async function watchWithDaemon ({ stdout, stderr, cwd }: Surroundings, args: WatchTarget, signal: AbortSignal): Promise<void> {
  const [{ watchDirectory }, { createDaemonClient, readToken }, { daemonDestination }, { printable }] = await Promise.all([
    import('../../peersdb/watch-directory.ts'), import('../../peersdb/http/client.ts'), import('../../peersdb/records/destination.ts'),
    import('../../peersdb/printable.ts')
  ])
  const token = args.tokenFile == null ? undefined : await readToken(resolve(cwd(), args.tokenFile))
  const client = createDaemonClient({ url: args.url ?? 'http://127.0.0.1:8080', token })
  // A daemon that does not answer is told at once, rather than after the first record.
  await client.ask('/v1/status', { signal })
  await watchDirectory({
    directory: args.records,
    destination: daemonDestination(client),
    onContributed: ({ name }, cid) => { stdout.write(`contributed ${cid} ${printable(name)}\n`) },
    onFailure: ({ message }) => { stderr.write(`peerslab: ${printable(message, 1000)}\n`) }
  }, { signal })
}

/** What was given of the daemon's flags; yargs also lists them in camel case, and as undefined. */
function flagsOf (args: Flags): Flags {
  return Object.fromEntries(Object.entries(args).filter(([name, value]) => Object.hasOwn(daemonFlags, name) && value !== undefined))
}

/** The first interrupt asks for an orderly end. */
async function runUntilInterrupted (surroundings: Surroundings, run: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const interrupt = new AbortController()
  const onSignal = (): void => { interrupt.abort(new UsageError('interrupted')) }
  surroundings.on('SIGINT', onSignal)
  surroundings.on('SIGTERM', onSignal)

  try {
    await run(interrupt.signal)
  } catch (err) {
    if (err !== interrupt.signal.reason) {
      throw err
    }
  } finally {
    surroundings.off('SIGINT', onSignal)
    surroundings.off('SIGTERM', onSignal)
  }
}
