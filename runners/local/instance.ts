import { spawn } from 'node:child_process'
import { createWriteStream, existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { finished } from 'node:stream/promises'
import { packageRoot } from '../files.ts'
import { decisiveEvent, readEvent } from '../instance-event.ts'
import { instanceOutcome } from '../outcome.ts'
import type { InstanceEnd, InstanceResult } from '../outcome.ts'
import type { Program } from './program.ts'

/** Instances share the compiled plan: each starts 0.1 s faster, which counts when fifty start at once. */
const compileCache = join(packageRoot, 'node_modules', '.cache', 'peerslab')
const keptLines = 20
const keptLineLength = 500

export interface InstanceInit {
  readonly group: string
  readonly index: number
  readonly program: Program
  readonly env: Readonly<Record<string, string>>
  /** Where its outputs go; made here. */
  readonly outputs: string
  /** Its working directory; the SDK writes a file there. */
  readonly workingDirectory: string
}

export interface Instance {
  readonly group: string
  readonly index: number
  readonly pid: number | undefined
  /** Resolves, never rejects, when the process and its outputs have ended. */
  readonly ended: Promise<InstanceResult>
  readonly running: boolean
  /** Ends it, on the runner's behalf. */
  kill (signal: NodeJS.Signals): void
  /** Sends a signal that does not end it. */
  signal (signal: 'SIGSTOP' | 'SIGCONT'): void
}

/** Starts one instance of the plan as a process of its own. */
export function startInstance (init: InstanceInit): Instance {
  mkdirSync(init.outputs, { recursive: true })
  mkdirSync(init.workingDirectory, { recursive: true })
  linkAll(init.program.directory, init.workingDirectory)
  const child = spawn(init.program.command, init.program.args, {
    cwd: init.workingDirectory,
    env: { PATH: process.env.PATH ?? '', NODE_COMPILE_CACHE: compileCache, ...init.env, ...init.program.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // Ctrl-C goes to the whole process group of a terminal; the runner alone shall hear it, and end its instances in order.
    detached: process.platform !== 'win32'
  })
  const lastLines: string[] = []
  let event: InstanceEnd['event']
  let stopped = false
  let startError: Error | undefined

  const keep = (line: string): void => {
    lastLines.push(line.slice(0, keptLineLength))

    if (lastLines.length > keptLines) {
      lastLines.shift()
    }
  }

  createInterface({ input: child.stdout }).on('line', (line) => {
    const seen = readEvent(line)

    if (seen == null) {
      keep(line)
    } else if (seen !== 'other') {
      event = decisiveEvent(event, seen)
    }
  })
  createInterface({ input: child.stderr }).on('line', keep)
  const errors = createWriteStream(join(init.outputs, 'run.err'), { flags: 'a' })
  child.stderr.pipe(errors)
  const written = finished(errors).then(() => undefined, (err: Error) => `run.err could not be written: ${err.message}`)

  const ended = new Promise<InstanceResult>((resolve) => {
    child.once('error', (err) => { startError = err })
    child.once('close', (exitCode, signal) => {
      void written.then((notWritten) => {
        const outcome = instanceOutcome({ exitCode, signal, event, stopped })
        const error = startError?.message ?? event?.error ?? notWritten
        resolve({
          group: init.group, index: init.index, outcome, exitCode, signal, stopped,
          ...(error == null ? {} : { error }),
          lastLines: outcome === 'success' ? [] : lastLines
        })
      })
    })
  })

  return {
    group: init.group,
    index: init.index,
    pid: child.pid,
    ended,
    get running () { return child.exitCode === null && child.signalCode === null },
    kill: (signal) => {
      stopped = true
      child.kill(signal)
    },
    signal: (signal) => { child.kill(signal) }
  }
}

/** What a program expects beside itself, seen from a directory in which it may write. */
function linkAll (from: string | undefined, to: string): void {
  for (const name of from == null ? [] : readdirSync(from)) {
    // The SDK writes a file of this name, which must not be written through a link.
    if (name !== 'stdout' && !existsSync(join(to, name))) {
      symlinkSync(join(from ?? '', name), join(to, name))
    }
  }
}
