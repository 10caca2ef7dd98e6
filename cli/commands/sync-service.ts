import { interruptibly } from '../interruption.ts'
import { checkGivenOnce } from '../settings.ts'
import { UsageError } from '../usage-error.ts'
import type { CommandModule } from 'yargs'
import type { Surroundings } from '../surroundings.ts'

interface SyncServiceArguments {
  host: string
  port: number
  forgetAfter: number
}

const portMax = 65_535
const hourMs = 60 * 60 * 1000
/** What a timer of Node.js can carry. */
const hoursMax = 24 * 24

/** `sync-service` serves what instances of Testground plans meet through, until it is interrupted. */
export function syncServiceCommand (surroundings: Surroundings): CommandModule<object, SyncServiceArguments> {
  return {
    command: 'sync-service',
    describe: 'Serve the protocol of Testground\'s sync service, in its place',
    builder: (yargs) => yargs
      .option('host', { type: 'string', requiresArg: true, default: '127.0.0.1', describe: 'the address to listen on; whoever reaches it can take part in every run' })
      .option('port', { type: 'number', requiresArg: true, default: 5050, describe: 'the port, 0 for a free one; clients of Testground expect 5050' })
      .option('forget-after', { type: 'number', requiresArg: true, default: 24, describe: 'hours after which a run that nobody uses is forgotten' })
      .example('$0 sync-service', 'on loopback, port 5050')
      .example('curl -s http://127.0.0.1:5050/health', 'answers "ok"; /metrics has what Prometheus reads') as never,
    handler: async (args) => {
      const { host, port, forgetAfterMs } = check(args)
      const { startSyncService } = await import('../../runners/sync/index.ts')
      await interruptibly(surroundings, async (signal) => {
        const service = await startSyncService({ host, port, forgetAfterMs, onWarning: (sentence) => { surroundings.stderr.write(`${sentence}\n`) } })
        surroundings.stdout.write(`sync service: ws://${service.host.includes(':') ? `[${service.host}]` : service.host}:${service.port}\n`)

        if (!signal.aborted) {
          await new Promise((resolve) => { signal.addEventListener('abort', resolve, { once: true }) })
        }

        await service.close()
      })
    }
  }
}

function check (args: SyncServiceArguments): { host: string, port: number, forgetAfterMs: number } {
  checkGivenOnce(args, ['host', 'port', 'forgetAfter'])
  const { host, port, forgetAfter } = args

  if (!Number.isInteger(port) || port < 0 || port > portMax) {
    throw new UsageError(`--port must be a whole number from 0 to ${portMax}`)
  }

  if (!(forgetAfter > 0 && forgetAfter <= hoursMax)) {
    throw new UsageError(`--forget-after must be a number of hours above 0 and at most ${hoursMax}`)
  }

  return { host, port, forgetAfterMs: forgetAfter * hourMs }
}
