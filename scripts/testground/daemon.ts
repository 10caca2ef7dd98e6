import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { command, startService, tryCommand } from './commands.ts'
import type { Engine } from './engine.ts'
import type { Namespace } from './namespace.ts'

const port = 8042
/** What the daemon's health check looks for by name; none but the sync service has anything to do with a plan of ours. */
const dummies = ['testground-grafana', 'testground-redis', 'testground-influxdb', 'testground-sidecar']
const controlNetwork = 'testground-control'
const syncContainer = 'testground-sync-service'

/** Testground's daemon, with its command line. */
export interface Daemon {
  /** Imports a plan from a directory. */
  importPlan (name: string, directory: string): Promise<void>
  /** Carries out a composition with Testground's own command; the archive that was collected, and what the daemon says of it. */
  run (composition: string, timeoutMs: number): Promise<{ outcome: string, log: string, archive: string | undefined }>
  /** Carries out a composition with the runner `testground` of this project; the run folder, and what was said. */
  runByRunner (command: readonly string[], timeoutMs: number): Promise<{ log: string, folder: string | undefined }>
  stop (): Promise<void>
}

export interface DaemonInit {
  readonly namespace: Namespace
  readonly engine: Engine
  /** The program. */
  readonly testground: string
  readonly directory: string
  readonly baseImage: string
}

/** @throws StepError */
export async function startDaemon ({ namespace: { enter }, engine, testground, directory, baseImage }: DaemonInit): Promise<Daemon> {
  const home = join(directory, 'home')
  const env = { ...engine.env, TESTGROUND_HOME: home, HOME: home }
  const [nsenter, ...enterWords] = enter
  await mkdir(join(home, 'data', 'outputs', 'local_docker'), { recursive: true })
  await writeFile(join(home, '.env.toml'), configOf(baseImage))
  const service = await startService(nsenter, [...enterWords, testground, 'daemon'], {
    name: 'Testground\'s daemon',
    env,
    cwd: directory,
    log: join(directory, 'daemon.log'),
    isReady: async () => (await tryCommand(nsenter, [...enterWords, testground, 'tasks'], { env, cwd: directory })).code === 0,
    readyMs: 60_000
  })
  return {
    importPlan: async (name, from) => { await command(nsenter, [...enterWords, testground, 'plan', 'import', '--from', from, '--name', name], { env, cwd: directory }) },
    run: async (composition, timeoutMs) => {
      const { stdout, stderr } = await tryCommand(nsenter, [...enterWords, testground, 'run', 'composition', '-f', composition, '--collect', '--wait'], {
        env, cwd: directory, timeoutMs
      })
      const log = stdout + stderr
      const file = /created file: (\S+\.tgz)/.exec(log)?.[1]
      return { outcome: /result default\[[^\]]*\]: (\w+)/.exec(log)?.[1] ?? 'none', log, archive: file == null ? undefined : join(directory, file) }
    },
    runByRunner: async (words, timeoutMs) => {
      const asked = [...words, '--runner', 'testground', '--engine', 'local:docker', '--endpoint', `http://127.0.0.1:${port}`, '--json']
      const { code, stdout, stderr } = await tryCommand(nsenter, [...enterWords, process.execPath, ...asked], { env, timeoutMs })
      const { folder } = stdout.startsWith('{') ? JSON.parse(stdout) as { folder: string } : {}
      return { log: `${stderr}${stdout}`, folder: code === 0 ? folder : undefined }
    },
    stop: () => service.stop()
  }
}

/** Containers may open fewer files than Testground asks for where the machine's own limit is lower. */
function configOf (baseImage: string): string {
  return [
    '[daemon]', `listen = "127.0.0.1:${port}"`, '[daemon.scheduler]', 'task_repo_type = "memory"',
    '[client]', `endpoint = "http://127.0.0.1:${port}"`,
    '[runners."local:docker"]', 'ulimits = ["nofile=8192:8192"]',
    '[builders."docker:generic".build_args]', `BASE_IMAGE = "${baseImage}"`, ''
  ].join('\n')
}

/** Starts the containers that the daemon's health check looks for. */
export async function startDummies ({ docker }: Engine, baseImage: string): Promise<void> {
  await docker(['network', 'create', '--subnet', '192.18.0.0/16', '--gateway', '192.18.0.1', controlNetwork])

  for (const name of dummies) {
    await docker(['run', '--detach', '--name', name, '--entrypoint', 'sleep', baseImage, '86400'])
  }
}

/** Puts a sync service into the place of the one that is there. */
export async function startSyncContainer ({ docker }: Engine, image: string): Promise<void> {
  await docker(['rm', '--force', syncContainer])
  await docker(['run', '--detach', '--name', syncContainer, '--network', controlNetwork, '--publish', '127.0.0.1:5050:5050', image])
}
