import { spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import type { ChildProcess } from 'node:child_process'

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly timeoutMs?: number
  /** What is written to its standard input. */
  readonly input?: ChildProcess['stdout']
}

const timeoutMsDefault = 60_000
const stopMs = 10_000
const pollMs = 200
const outputCharactersMax = 4_000_000

/** A step that failed: the message says which command, how it ended and what it said last. */
export class StepError extends Error {
  override name = 'StepError'
}

/** Runs a command to its end, which comes within the time-out. */
export async function tryCommand (command: string, args: readonly string[], options: CommandOptions = {}): Promise<Ended> {
  const child = spawn(command, args, { cwd: options.cwd, env: { ...process.env, ...options.env }, stdio: [options.input == null ? 'ignore' : 'pipe', 'pipe', 'pipe'] })
  const output = { stdout: '', stderr: '' }
  const timer = setTimeout(() => { child.kill('SIGKILL') }, options.timeoutMs ?? timeoutMsDefault)
  options.input?.pipe(child.stdin as NodeJS.WritableStream)
  child.stdout?.setEncoding('utf8').on('data', (text: string) => { output.stdout = (output.stdout + text).slice(-outputCharactersMax) })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => { output.stderr = (output.stderr + text).slice(-outputCharactersMax) })
  const code = await new Promise<number | null>((resolve) => {
    child.once('error', (err) => {
      output.stderr += err.message
      resolve(127)
    })
    child.once('close', resolve)
  })
  clearTimeout(timer)
  return { code, ...output }
}

/** As above. @throws StepError where it does not end with 0 */
export async function command (name: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await tryCommand(name, args, options)

  if (code !== 0) {
    const how = code == null ? `did not end within ${(options.timeoutMs ?? timeoutMsDefault) / 1000} s` : `ended with ${code}`
    throw new StepError(`${[name, ...args].join(' ').slice(0, 200)} ${how}: ${`${stdout}\n${stderr}`.trim().slice(-1_500)}`)
  }

  return stdout
}

/** A program that runs in the background until it is stopped. */
export interface Service {
  readonly name: string
  stop (): Promise<void>
}

export interface ServiceInit extends CommandOptions {
  readonly name: string
  readonly log: string
  /** Resolves with true once it can be used. */
  readonly isReady: () => Promise<boolean>
  readonly readyMs: number
}

/** Starts a program and waits until it can be used. @throws StepError where it ends before, or does not come up in time */
export async function startService (program: string, args: readonly string[], init: ServiceInit): Promise<Service> {
  const child = spawn(program, args, { cwd: init.cwd, env: { ...process.env, ...init.env }, stdio: ['ignore', 'pipe', 'pipe'] })
  const log = createWriteStream(init.log)
  child.stdout.pipe(log, { end: false })
  child.stderr.pipe(log, { end: false })
  const state = { isOver: false }
  const over = new Promise<void>((resolve) => {
    const end = (): void => {
      state.isOver = true
      resolve()
    }
    child.once('error', end)
    child.once('exit', end)
  })
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM')
    const killer = setTimeout(() => { child.kill('SIGKILL') }, stopMs)
    await over
    clearTimeout(killer)
    log.end()
    await once(log, 'close')
  }

  for (const startedMs = performance.now(); !await init.isReady();) {
    if (state.isOver || performance.now() - startedMs > init.readyMs) {
      const reason = state.isOver ? 'ended before it could be used' : `could not be used after ${init.readyMs / 1000} s`
      await stop()
      throw new StepError(`${init.name} ${reason}; its log is ${init.log}`)
    }

    await delay(pollMs)
  }

  return { name: init.name, stop }
}
