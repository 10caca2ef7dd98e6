import { copyFile, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { command, tryCommand } from '../../scripts/testground/commands.ts'
import { startDaemon, startDummies, startSyncContainer } from '../../scripts/testground/daemon.ts'
import { buildImage, importBaseImage, startEngine } from '../../scripts/testground/engine.ts'
import { buildGoProgram, syncServiceProgram, testgroundProgram } from '../../scripts/testground/go-programs.ts'
import { createNamespace } from '../../scripts/testground/namespace.ts'
import { packageRoot } from '../files.ts'
import type { BenchRow } from '../../scripts/bench.ts'

const instances = 50
/** Of our own; the daemon has one, behind another that builds the image. */
const rounds = 3
const timeoutMs = 540_000
const cache = join(packageRoot, 'node_modules', '.cache', 'peerslab-testground')
const baseImage = 'peerslab-base'
const realSync = 'real-sync'

type Undo = () => Promise<unknown>

/**
 * How long a case that does nothing takes with 50 instances, the same Go program each time: with the runner `local`, and with
 * Testground's command, daemon, sync service and runner local:docker, whose image is built before. In seconds; ours is a median.
 */
export async function bench (): Promise<BenchRow[]> {
  if ((await tryCommand('go', ['version'])).code !== 0) {
    process.stdout.write('  left out: there is no go on this machine, which builds what both run\n')
    return []
  }

  const undo: Undo[] = []

  try {
    const directory = await mkdtemp(join(tmpdir(), 'peerslab-placebo-'))
    undo.push(() => rm(directory, { recursive: true, force: true }))
    await makePlan(directory)
    // What names a program has no image built.
    const own = await writeComposition(directory, 'own', instances, '[groups.run]\nartifact = "foreign-go/program"\n')
    const value = await medianOf(() => runLocally(own, directory))
    const theirs = await measureDaemon(directory, undo)

    if (typeof theirs === 'string') {
      process.stdout.write(`  Testground's daemon is left out: ${theirs}\n`)
    }

    const beside = typeof theirs === 'string' ? {} : { limit: theirs / 3, alternative: { name: `Testground's ${testgroundProgram.version}`, value: theirs } }
    return [{ name: `placebo_${instances}_instances`, value, unit: 's', samples: rounds, ...beside }]
  } finally {
    for (const step of undo.reverse()) {
      await step()
    }
  }
}

/** The plan, as a program and with what the daemon needs to make an image of it. */
async function makePlan (directory: string): Promise<void> {
  const plan = join(directory, 'foreign-go')
  await cp(join(packageRoot, 'test', 'foreign-go-plan'), plan, { recursive: true })
  await command('go', ['build', '-mod=mod', '-buildvcs=false', '-o', 'program', '.'], { cwd: plan, env: { CGO_ENABLED: '0' }, timeoutMs })
  await writeFile(join(plan, 'Dockerfile'), 'ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nCOPY plan/program /program\nENTRYPOINT ["/program"]\n')
}

/** Without metrics: the SDK of Go sends them to a database that is a dummy here, and would end only once it has given up. */
async function writeComposition (directory: string, name: string, count: number, more = ''): Promise<string> {
  const file = join(directory, `${name}.toml`)
  await writeFile(file, [
    '[metadata]', `name = "${name}"`, '[global]', 'plan = "foreign-go"', 'case = "ok"', 'builder = "docker:generic"', 'runner = "local:docker"',
    `total_instances = ${count}`, 'disable_metrics = true', '[[groups]]', 'id = "single"', `instances = { count = ${count} }`, more
  ].join('\n'))
  return file
}

async function runLocally (composition: string, directory: string): Promise<void> {
  await command(process.execPath, [join(packageRoot, 'bin', 'peerslab.js'), 'run', composition, '--out', join(directory, 'runs')], { timeoutMs })
}

/** @returns seconds, or why they cannot be measured on this machine */
async function measureDaemon (directory: string, undo: Undo[]): Promise<number | string> {
  for (const [program, arg] of [['dockerd', '--version'], ['docker', '--version'], ['ip', '-V'], ['nsenter', '--version'], ['iptables', '--version']] as const) {
    if ((await tryCommand(program, [arg])).code !== 0) {
      return `there is no ${program} on this machine`
    }
  }

  const testground = await buildGoProgram(testgroundProgram, cache)
  const sync = await buildGoProgram(syncServiceProgram, cache)

  if ('missing' in testground || 'missing' in sync) {
    return 'missing' in testground ? testground.missing : (sync as { missing: string }).missing
  }

  const namespace = await createNamespace(`peerslab-${process.pid}`)
  undo.push(() => namespace.remove())
  const engine = await startEngine(namespace, directory)
  undo.push(() => engine.stop())
  await importBaseImage(engine, baseImage, directory)
  await startDummies(engine, baseImage)
  const image = join(directory, realSync)
  await mkdir(image)
  await copyFile(sync.path, join(image, 'sync-service'))
  await buildImage(engine, realSync, image, [`FROM ${baseImage}`, 'COPY sync-service /', 'ENTRYPOINT ["/sync-service"]'])
  await startSyncContainer(engine, realSync)
  const daemon = await startDaemon({ namespace, engine, testground: testground.path, directory, baseImage })
  undo.push(() => daemon.stop())
  await daemon.importPlan('foreign-go', join(directory, 'foreign-go'))
  const run = async (count: number): Promise<void> => {
    const { outcome, log } = await daemon.run(await writeComposition(directory, `theirs-${count}`, count), timeoutMs)

    if (outcome !== 'success') {
      throw new Error(`Testground's outcome of ${count} instances that do nothing is ${outcome}: ${log.slice(-2_000)}`)
    }
  }
  // Which builds the image.
  await run(1)
  return secondsOf(() => run(instances))
}

async function medianOf (run: () => Promise<void>): Promise<number> {
  const seconds: number[] = []

  for (let round = 0; round < rounds; round++) {
    seconds.push(await secondsOf(run))
  }

  return seconds.sort((a, b) => a - b)[Math.floor(rounds / 2)] ?? NaN
}

async function secondsOf (run: () => Promise<void>): Promise<number> {
  const startedMs = performance.now()
  await run()
  return (performance.now() - startedMs) / 1000
}
