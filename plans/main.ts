/**
 * One instance of the plan: what a runner starts, with Testground's environment. Its exit code is 0 when the
 * case passed, 1 when it failed or crashed, 2 when the sync service was lost.
 */
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { invokeMap } from '@testground/sdk'
import { findCase, testCases } from './cases/index.ts'
import { StoppedError } from './errors.ts'
import { createFileRecorder } from './recorder.ts'
import { observeResources } from './resources.ts'
import { createTestgroundContext } from './testground-context.ts'
import { watchSyncService } from './watchdog.ts'
import type { Timeline } from './faults/timeline.ts'
import type { FileRecorder } from './recorder.ts'
import type { Place } from './testground-context.ts'
import type { RunEnv } from '@testground/sdk/dist/src/runtime/types.js'
import type { SyncClient } from '@testground/sdk/dist/src/sync/types.js'

/** After being told to stop, an instance has this long to say so and to end. */
const stopTimeoutMs = 2_000

/** The SDK writes a file into the working directory, which has to be one that can be written. */
const temporaryDirectory = mkdtempSync(join(process.env.TEST_TEMP_PATH || tmpdir(), 'peerslab-'))
process.chdir(temporaryDirectory)

const stopping = new AbortController()
let recorder: FileRecorder | undefined
let runenv: RunEnv | undefined
let exitCode = 0
let isCrashing = false

function exit (code: number): never {
  let ending = code

  try {
    recorder?.flush()
    rmSync(temporaryDirectory, { recursive: true, force: true })
  } catch (err) {
    // What was measured is not all there, which must not end well; that it ends goes before everything else.
    ending ||= 1
    process.stderr.write(`the outputs could not be written: ${(err as Error).message}\n`)
  } finally {
    process.exit(ending)
  }
}

/** Writes an event that the SDK cannot write any more to where it would be collected from. */
function keep (line: string): void {
  try {
    appendFileSync(join(process.env.TEST_OUTPUTS_PATH ?? '', 'run.out'), line)
  } catch (err) {
    process.stderr.write(`run.out could not be written: ${(err as Error).message}\n`)
  }
}

/** An error that no case caught is told to whoever counts outcomes, and ends the instance. */
async function crash (reason: unknown): Promise<void> {
  if (isCrashing) {
    return
  }

  isCrashing = true
  const err = reason instanceof Error ? reason : new Error(String(reason))
  setTimeout(() => { exit(1) }, stopTimeoutMs).unref()
  process.stderr.write(`crash: ${err.stack ?? err.message}\n`)
  await (runenv?.recordCrash(err) as Promise<void> | undefined)
  exit(1)
}

function stop (signal: NodeJS.Signals): void {
  stopping.abort(new StoppedError(`the instance was told to stop (${signal})`))
  setTimeout(() => { exit(1) }, stopTimeoutMs).unref()
}

async function runCase (name: string, env: RunEnv, client: SyncClient): Promise<void> {
  runenv = env
  recorder = createFileRecorder(env.testOutputsPath, {
    message: (text) => { env.recordMessage(text) },
    warning: (text) => { process.stderr.write(`${text}\n`) }
  })
  const stopObserving = observeResources(recorder)

  try {
    const context = await createTestgroundContext({
      runenv: env, client, recorder, signal: stopping.signal, temporaryDirectory, onPhase: recordPhase,
      place: readPlace(), faults: readFaults()
    })
    await findCase(name)?.run(context)
  } catch (err) {
    exitCode = 1
    // The SDK calls toString on whatever was thrown, so it has to be an error.
    throw err instanceof Error ? err : new Error(String(err))
  } finally {
    stopObserving()
    recorder.flush()
  }
}

/** What the runner `local` tells beyond Testground's environment; undefined where it is another one. */
function readPlace (): Place | undefined {
  const { PEERSLAB_INSTANCE: index, PEERSLAB_LIFE: life, PEERSLAB_POOL: blockPool, TEST_TEMP_PATH: kept } = process.env

  if (index == null || kept == null) {
    return undefined
  }

  return { index: Number(index), life: Number(life ?? 0), storageDirectory: join(kept, 'storage'), blockPool }
}

/** What goes wrong, where the runner `local` names it, or Testground's builder was given it together with the plan. */
function readFaults (): Timeline | undefined {
  const beside = join(import.meta.dirname, 'faults.json')
  const file = process.env.PEERSLAB_FAULTS ?? (existsSync(beside) ? beside : undefined)
  return file == null ? undefined : JSON.parse(readFileSync(file, 'utf8')) as Timeline
}

/** The moment at which the peer is connected is the one at which it has started and is still idle. */
function recordPhase (name: string): void {
  if (name === 'connected') {
    recorder?.metric('start_ms', performance.now())
    recorder?.metric('idle_rss_bytes', process.memoryUsage.rss())
  }
}

// Whoever read what is said here may have ended; then nobody needs it.
process.stdout.on('error', () => {})
process.stderr.on('error', () => {})
process.on('uncaughtException', (err) => { void crash(err) })
process.on('unhandledRejection', (reason) => { void crash(reason) })
process.on('SIGTERM', stop)
process.on('SIGINT', stop)

const stopWatching = await watchSyncService((reason) => {
  const event = { crash_event: { group: process.env.TEST_GROUP_ID, error: reason } }
  const line = `${JSON.stringify({ ts: Date.now() * 1e6, event })}\n`
  process.stdout.write(line)
  keep(line)
  process.stderr.write(`${reason}\n`)
  exit(2)
})

// The SDK gives a case the sync client only when the function declares two parameters, which its types do not know.
type SdkCases = Parameters<typeof invokeMap>[0]
await invokeMap(Object.fromEntries(Object.keys(testCases).map((name) =>
  [name, (env: RunEnv, client: SyncClient) => runCase(name, env, client)])) as unknown as SdkCases)
stopWatching()
exit(exitCode)
