import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { HarnessError } from '../errors.ts'
import type { SimulationJob, SimulationMessage } from './job.ts'

/** After being told to stop, the process may have this long to say what became of the run. */
const stopMs = 5_000
const keptLines = 20
/** Much of what events allocate is short-lived: a large young generation halves the time that goes into collecting it. */
const nodeOptions = ['--max-semi-space-size=64', '--no-warnings']

export interface Programs {
  /** Loaded before everything else: the clock. */
  readonly preload: string
  readonly simulation: string
}

export interface ProcessInit {
  readonly programs: Programs
  readonly job: SimulationJob
  readonly heapMebibytesMax: number
  /** The longest the process may run, in real milliseconds. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
  readonly onMessage: (message: SimulationMessage) => void
}

export interface ProcessEnd {
  /** The last message, where it came. */
  readonly end: Extract<SimulationMessage, { type: 'end' }> | undefined
  /** Why the process was ended, where it did not end by itself. */
  readonly cutShort: string | undefined
  /** How it ended, for a sentence. */
  readonly how: string
  readonly lastLines: readonly string[]
}

/** Runs one simulation in a process of its own; resolves when that has ended. */
export async function runProcess ({ programs, job, heapMebibytesMax, timeoutMs, signal, onMessage }: ProcessInit): Promise<ProcessEnd> {
  const jobFile = join(job.scratch, 'job.json')
  await writeFile(jobFile, JSON.stringify(job))
  const child = spawn(process.execPath, [
    ...nodeOptions, `--max-old-space-size=${heapMebibytesMax}`, '--import', programs.preload, programs.simulation, jobFile
  ], { cwd: job.scratch, env: { PATH: process.env.PATH ?? '' }, stdio: ['ignore', 'pipe', 'pipe'], detached: process.platform !== 'win32' })
  const lastLines: string[] = []
  let end: ProcessEnd['end']
  let cutShort: string | undefined
  let killer: NodeJS.Timeout | undefined

  const stop = (reason: string): void => {
    cutShort ??= reason
    child.kill('SIGTERM')
    killer ??= setTimeout(() => { child.kill('SIGKILL') }, stopMs)
  }
  const interrupt = (): void => { stop('the run was interrupted') }
  const timer = setTimeout(() => {
    stop(`the run was ended after ${timeoutMs / 1000} s, its time-out; give it more with --timeout`)
  }, timeoutMs)
  signal.addEventListener('abort', interrupt)

  // What is being prepared when the user interrupts has come here all the same.
  if (signal.aborted) {
    interrupt()
  }

  createInterface({ input: child.stdout }).on('line', (line) => {
    const message = JSON.parse(line) as SimulationMessage
    end = message.type === 'end' ? message : end
    onMessage(message)
  })
  createInterface({ input: child.stderr }).on('line', (line) => {
    lastLines.splice(0, Math.max(0, lastLines.push(line) - keptLines))
  })

  try {
    const how = await new Promise<string>((resolve, reject) => {
      child.once('error', (err) => { reject(new HarnessError(`the simulation could not be started: ${err.message}`)) })
      child.once('close', (code, killedBy) => { resolve(killedBy ?? `exit code ${code ?? 'unknown'}`) })
    })
    return { end, cutShort, how, lastLines }
  } finally {
    clearTimeout(timer)
    clearTimeout(killer)
    signal.removeEventListener('abort', interrupt)
  }
}
