/**
 * Runs `composition/quick.toml` under Testground's own daemon, with its runner local:docker, once with the sync service and the
 * runner `testground` of this project and once with Testground's service and command, and compares what is left with what the
 * runner `local` leaves. Everything runs in a network of its own that has no way out, and is stopped at the end. What cannot be
 * had is said, and leaves that part out.
 */
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { differences, readArchive, readOutputs } from './archive.ts'
import { StepError, command, tryCommand } from './commands.ts'
import { startDaemon, startDummies, startSyncContainer } from './daemon.ts'
import { buildImage, importBaseImage, startEngine } from './engine.ts'
import { buildGoProgram, syncServiceProgram, testgroundProgram } from './go-programs.ts'
import { createNamespace } from './namespace.ts'
import type { Outputs } from './archive.ts'
import type { Daemon } from './daemon.ts'
import type { Engine } from './engine.ts'

const root = join(import.meta.dirname, '..', '..')
const cache = join(root, 'node_modules', '.cache', 'peerslab-testground')
const composition = join(root, 'composition', 'quick.toml')
const runTimeoutMs = 240_000
const baseImage = 'peerslab-base'
const ownSync = 'own-sync'
const say = (sentence: string): void => { process.stdout.write(`testground: ${sentence}\n`) }
/** What is undone at the end, the last first. */
const cleanups: Array<() => Promise<unknown>> = []

process.exitCode = await main()

async function main (): Promise<number> {
  const lacking = await whatIsLacking()

  if (lacking != null) {
    say(`skipped: ${lacking}`)
    return 0
  }

  const stop = (): void => { void cleanUp().then(() => { process.exit(130) }) }
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)

  try {
    const testground = await buildGoProgram(testgroundProgram, cache)

    if ('missing' in testground) {
      say(`skipped: ${testground.missing}`)
      return 0
    }

    return await compare(testground.path)
  } catch (err) {
    say(`failed: ${err instanceof StepError ? err.message : (err as Error).stack ?? String(err)}`)
    return 1
  } finally {
    await cleanUp()
  }
}

/** Why this machine cannot run the daemon; undefined where it can. */
async function whatIsLacking (): Promise<string | undefined> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    return 'a network namespace and a container engine of its own need Linux and root'
  }

  for (const [program, args] of [['go', ['version']], ['docker', ['--version']], ['dockerd', ['--version']], ['ip', ['-V']], ['nsenter', ['--version']], ['iptables', ['--version']], ['tar', ['--version']]] as const) {
    if ((await tryCommand(program, args)).code !== 0) {
      return `there is no ${program} on this machine`
    }
  }

  return undefined
}

async function compare (testground: string): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'peerslab-testground-'))
  cleanups.push(() => rm(directory, { recursive: true, force: true }))
  const local = await runLocally(directory)
  say('local runner, own sync service: pass')
  const namespace = await createNamespace(`peerslab-${process.pid}`)
  cleanups.push(() => namespace.remove())
  const engine = await startEngine(namespace, directory).catch((err: Error) => err)

  if (engine instanceof Error) {
    say(`skipped: no container engine runs on this machine: ${engine.message}`)
    return 0
  }

  cleanups.push(() => engine.stop())
  say(`container engine ${(await engine.docker(['version', '--format', '{{.Server.Version}}'])).trim()} runs in a network of its own`)
  await importBaseImage(engine, baseImage, directory)
  await startDummies(engine, baseImage)
  const images = await syncImages(engine, directory)
  let failures = 0

  for (const { image, name } of images) {
    await startSyncContainer(engine, image)
    // The daemon does not find a sync service again that was replaced, so that each gets a daemon of its own.
    const home = join(directory, `daemon-${image}`)
    await mkdir(home)
    const daemon = await startDaemon({ namespace, engine, testground, directory: home, baseImage })
    const stop = once(() => daemon.stop())
    cleanups.push(stop)
    failures += await (image === ownSync
      ? runByRunner(daemon, name, local, directory)
      : runByCommand(daemon, name, local, join(directory, 'collected', image)))
      ? 0
      : 1
    await stop()
  }

  return failures === 0 ? 0 : 1
}

/** What the runner of this project leaves of the same composition. */
async function runLocally (directory: string): Promise<Outputs> {
  const stdout = await command(process.execPath, [join(root, 'bin', 'peerslab.js'), 'run', composition, '--out', join(directory, 'runs'), '--json'], {
    cwd: root, timeoutMs: runTimeoutMs
  })
  const { folder } = JSON.parse(stdout) as { folder: string }
  return readOutputs(join(folder, 'instances', 'default'))
}

/** The sync services that can be had, as images: that of this project, and Testground's own. */
async function syncImages (engine: Engine, directory: string): Promise<Array<{ image: string, name: string }>> {
  const [own, real] = [join(directory, 'own-sync'), join(directory, 'real-sync')]
  await mkdir(own)
  await copyFile(join(root, 'dist', 'sync-service', 'sync-service.js'), join(own, 'sync-service.mjs'))
  await buildImage(engine, ownSync, own, [`FROM ${baseImage}`, 'COPY sync-service.mjs /', 'ENTRYPOINT ["node", "/sync-service.mjs"]'])
  const images = [{ image: ownSync, name: 'own sync service' }]
  const built = await buildGoProgram(syncServiceProgram, cache)

  if ('missing' in built) {
    say(`left out: ${built.missing}`)
    return images
  }

  await mkdir(real)
  await copyFile(built.path, join(real, 'sync-service'))
  await buildImage(engine, 'real-sync', real, [`FROM ${baseImage}`, 'COPY sync-service /', 'ENTRYPOINT ["/sync-service"]'])
  return [...images, { image: 'real-sync', name: `Testground's sync service ${syncServiceProgram.version}` }]
}

/** The runner of this project hands the plan over itself, and judges what the daemon says. */
async function runByRunner (daemon: Daemon, syncService: string, local: Outputs, directory: string): Promise<boolean> {
  const startedMs = performance.now()
  const words = [join(root, 'bin', 'peerslab.js'), 'run', composition, '--out', join(directory, 'runs-testground'), '--timeout', String(runTimeoutMs / 1000)]
  const { folder, log } = await daemon.runByRunner(words, runTimeoutMs)
  const odd = folder == null ? ['it did not pass'] : differences(local, await readOutputs(join(folder, 'instances', 'default')))
  return tell(`${syncService}, runner testground`, startedMs, folder == null ? 'no success' : 'success', odd, log)
}

/** Testground's own command, after the plan was imported. */
async function runByCommand (daemon: Daemon, syncService: string, local: Outputs, scratch: string): Promise<boolean> {
  const startedMs = performance.now()
  await daemon.importPlan('peersdb', join(root, 'dist', 'plan'))
  const { outcome, log, archive } = await daemon.run(composition, runTimeoutMs)
  const odd = archive == null ? ['nothing was collected'] : differences(local, await readArchive(archive, scratch))
  return tell(`${syncService}, Testground's command`, startedMs, outcome, odd, log)
}

function tell (what: string, startedMs: number, outcome: string, odd: readonly string[], log: string): boolean {
  const took = `${((performance.now() - startedMs) / 1000).toFixed(0)} s`
  const isFine = outcome === 'success' && odd.length === 0
  say(`Testground ${testgroundProgram.version}, local:docker, ${what}: ${outcome} after ${took}${isFine ? ', same layout, same metrics' : odd.map((sentence) => `; ${sentence}`).join('')}`)

  if (!isFine) {
    process.stdout.write(`${log.split('\n').filter((line) => /FAIL|ERROR|CRASH|outcome|:/.test(line)).slice(-30).join('\n')}\n`)
  }

  return isFine
}

function once (work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined
  return () => done ??= work()
}

async function cleanUp (): Promise<void> {
  for (const undo of cleanups.splice(0).reverse()) {
    await undo().catch((err: Error) => { say(`not undone: ${err.message}`) })
  }
}
