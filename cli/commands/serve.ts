import { interruptibly } from '../interruption.ts'
import { checkGivenOnce } from '../settings.ts'
import { UsageError } from '../usage-error.ts'
import type { CommandModule } from 'yargs'
import type { Surroundings } from '../surroundings.ts'

interface ServeArguments {
  folder: string
  host: string
  port: number
}

export function serveCommand (surroundings: Surroundings): CommandModule<object, ServeArguments> {
  return {
    command: 'serve <folder>',
    describe: 'Show the runs of a folder in a browser, one of them while it goes on',
    builder: (yargs) => yargs
      .positional('folder', { type: 'string', demandOption: true, describe: 'a folder of run folders, such as runs, or one run folder' })
      .option('port', { type: 'number', requiresArg: true, default: 8090, describe: 'the port; 0 takes a free one' })
      .option('host', { type: 'string', requiresArg: true, default: '127.0.0.1', describe: 'the address; others than this machine reach it only where you name one' })
      .example('$0 serve runs', 'then open http://127.0.0.1:8090/; Ctrl-C ends it') as never,
    handler: async (args) => { await execute(args, surroundings) }
  }
}

async function execute (args: ServeArguments, surroundings: Surroundings): Promise<void> {
  checkGivenOnce(args, ['host', 'port'])
  const { folder, host, port } = args

  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new UsageError('--port must be a whole number from 0 to 65535')
  }

  const { isLoopback, serve } = await import('../../analysis/index.ts')
  await interruptibly(surroundings, async (signal) => {
    const served = await serve({ folder, host, port })
    surroundings.stdout.write(`serving ${folder} at ${served.url} (Ctrl-C ends it)\n`)

    if (!isLoopback(host)) {
      surroundings.stderr.write('serve: everyone who reaches this address can read these runs\n')
    }

    if (!signal.aborted) {
      await new Promise<void>((resolve) => { signal.addEventListener('abort', () => { resolve() }, { once: true }) })
    }

    await served.close()
  })
}
