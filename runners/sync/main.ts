/** The sync service as a program of one file, for a container: listens on all interfaces of it until it is told to stop. */
import { startSyncService } from './service.ts'

/** The one at which Testground's clients expect it. */
const port = 5050
const service = await startSyncService({ host: '0.0.0.0', port, onWarning: (sentence) => { process.stderr.write(`${sentence}\n`) } })
process.stdout.write(`sync service: port ${service.port}\n`)

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => { void service.close().then(() => { process.exit(0) }) })
}
