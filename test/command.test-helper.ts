import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import type { OutcomeRecord, RunRecord } from '../runners/run-folder.ts'

/** The directory of the checkout, which the command takes relative paths from unless a test says otherwise. */
export const root = join(import.meta.dirname, '..')
const main = join(root, 'dist', 'cli', 'main.js')
/** No command of these tests takes as long; one that does is ended with all its instances. */
const limitMs = 60_000
const pollMs = 20

export interface Ended {
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** A command that was started and may still run. */
export interface Command {
  readonly pid: number
  readonly ended: Promise<Ended>
  /** What it has written by now. */
  output (): { readonly stdout: string, readonly stderr: string }
  /** Resolves when stderr has matched; rejects when the command ends before. */
  said (pattern: RegExp): Promise<void>
  /** Resolves with the process ids of its instances by "group/index", once it has so many. */
  instances (count: number): Promise<Map<string, number>>
  /** `group`: to the whole process group, as a terminal does for Ctrl-C. */
  kill (signal: NodeJS.Signals, to?: 'process' | 'group'): void
}

/** A directory for one test file, and the commands that run in it. */
export interface Bench {
  readonly directory: string
  /** The `--out` of `run`. */
  readonly out: string
  /** Writes a file below the directory and returns its path. */
  write (name: string, content: string): Promise<string>
  start (args: readonly string[], cwd?: string): Command
  /** Runs a command to its end. */
  command (args: readonly string[], cwd?: string): Promise<Ended>
  /** The same in this process, in a tenth of the time: for a command that starts no process and ends by itself. */
  call (args: readonly string[], cwd?: string): Promise<Ended>
  /** `run` of a composition file into `out`, to its end. */
  run (composition: string, ...args: string[]): Promise<Ended>
  /** Ends what still runs and removes the directory. */
  clear (): Promise<void>
}

/** Builds what is not built yet, and makes a bench. */
export async function makeBench (): Promise<Bench> {
  const built = spawnSync(process.execPath, [join(root, 'scripts', 'ready.js'), process.execPath, '--version'], { encoding: 'utf8' })

  if (built.status !== 0) {
    throw new Error(`the checkout could not be built: ${built.stderr}`)
  }

  const directory = await realpath(await mkdtemp(join(tmpdir(), 'peerslab-test-')))
  const out = join(directory, 'out')
  const started = new Set<Command>()
  const start = (args: readonly string[], cwd = root): Command => {
    const command = startCommand(args, cwd, directory)
    started.add(command)
    return command
  }
  const command = async (args: readonly string[], cwd?: string): Promise<Ended> => start(args, cwd).ended

  return {
    directory,
    out,
    write: async (name, content) => {
      const file = join(directory, name)
      await mkdir(dirname(file), { recursive: true })
      await writeFile(file, content)
      return file
    },
    start,
    command,
    call: (args, cwd = root) => callCommand(args, cwd),
    run: (composition, ...args) => command(['run', composition, '--out', out, ...args]),
    clear: async () => {
      for (const { pid } of started) {
        endTree(pid)
      }

      await Promise.all([...started].map(({ ended }) => ended))
      await rm(directory, { recursive: true, force: true })
    }
  }
}

function startCommand (args: readonly string[], cwd: string, scratch: string): Command {
  // In a process group of its own, so that a signal to that group does not reach the tests.
  const child = spawn(process.execPath, [main, ...args], {
    // A command that is killed cannot remove what it keeps for a while, so that is kept where the bench removes it.
    cwd, env: { ...process.env, TMPDIR: scratch }, stdio: ['ignore', 'pipe', 'pipe'], detached: true
  })
  const pid = child.pid ?? 0
  const output = { stdout: '', stderr: '' }
  const listeners = new Set<() => void>()
  child.stdout.setEncoding('utf8').on('data', (text: string) => { output.stdout += text })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text
    listeners.forEach((listener) => { listener() })
  })
  const ended = new Promise<Ended>((resolve) => {
    const timer = setTimeout(() => {
      output.stderr += `\nThe test killed this command, because it had not ended within ${limitMs / 1000} s.\n`
      endTree(pid)
    }, limitMs)
    child.once('error', (err) => { output.stderr += `\nThe command could not be started: ${err.message}\n` })
    child.once('close', (exitCode, signal) => {
      clearTimeout(timer)
      resolve({ exitCode, signal, ...output })
    })
  })

  return {
    pid,
    ended,
    output: () => output,
    said: (pattern) => new Promise((resolve, reject) => {
      const look = (): void => {
        if (pattern.test(output.stderr)) {
          listeners.delete(look)
          resolve()
        }
      }
      listeners.add(look)
      void ended.then(() => { reject(new Error(`peerslab ended without saying ${pattern}; it said: ${output.stderr}`)) })
      look()
    }),
    instances: async (count) => {
      let found = new Map<string, number>()
      await eventually(`${count} instances`, () => (found = instancesOf(pid)).size === count)
      return found
    },
    kill: (signal, to = 'process') => { process.kill(to === 'group' ? -pid : pid, signal) }
  }
}

async function callCommand (args: readonly string[], cwd: string): Promise<Ended> {
  const { cli } = await import('../cli/cli.ts')
  const written = { stdout: '', stderr: '' }
  const streamTo = (name: keyof typeof written): NodeJS.WriteStream => new Writable({
    write: (chunk, _, done) => {
      written[name] += String(chunk)
      done()
    }
  }) as unknown as NodeJS.WriteStream
  const nothing = (): void => {}
  const exitCode = await cli(args, {
    stdin: Readable.from([]), stdout: streamTo('stdout'), stderr: streamTo('stderr'), cwd: () => cwd, on: nothing, off: nothing
  })
  return { exitCode, signal: null, ...written }
}

/** Resolves when it holds; rejects after 15 s. What is looked at has no event of its own. */
export async function eventually (what: string, holds: () => boolean | Promise<boolean>, withinMs = 15_000): Promise<void> {
  for (const startedMs = performance.now(); !await holds();) {
    if (performance.now() - startedMs > withinMs) {
      throw new Error(`waited ${withinMs / 1000} s for ${what}`)
    }

    await new Promise((resolve) => { setTimeout(resolve, pollMs) })
  }
}

/** Whether processes can be looked into as these tests need it. */
export const hasProc = existsSync('/proc/self/environ')

/** The children of a command, by what their environment tells of them. */
function instancesOf (pid: number): Map<string, number> {
  const found = new Map<string, number>()

  for (const child of readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number)) {
    if (stateOf(child)?.parent === pid) {
      const outputs = /(?:^|\0)TEST_OUTPUTS_PATH=[^\0]*\/([^/\0]+\/\d+)\0/.exec(read(`/proc/${child}/environ`))?.[1]

      if (outputs != null) {
        found.set(outputs, child)
      }
    }
  }

  return found
}

/** Whether a process still runs; one that has ended and was not waited for does not. */
export function alive (pid: number): boolean {
  const state = stateOf(pid)?.state
  return state != null && state !== 'Z' && state !== 'X'
}

function stateOf (pid: number): { state: string, parent: number } | undefined {
  // The name of the command stands in parentheses and may hold anything, so the rest counts from the last one.
  const [state, parent] = read(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ') ?? []
  return state == null || parent == null ? undefined : { state, parent: Number(parent) }
}

function read (file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/** Kills a command that these tests started and all that is left of its process group. */
function endTree (pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // Nothing is left of it.
  }
}

/** Text of a composition; parameters go to the whole run, the rest to groups. */
export function composition (
  caseName: string, params: Readonly<Record<string, string>>, groups: ReadonlyArray<{ id: string, count: number, role?: string }>
): string {
  return [
    '[global]', 'plan = "peersdb"', `case = "${caseName}"`, '[global.run.test_params]',
    ...Object.entries(params).map(([name, value]) => `${name} = ${JSON.stringify(value)}`),
    ...groups.flatMap(({ id, count, role }) => [
      '[[groups]]', `id = "${id}"`, `instances = { count = ${count} }`,
      ...(role == null ? [] : ['[groups.run.test_params]', `role = "${role}"`])
    ]), ''
  ].join('\n')
}

/** The folders of the runs of a composition, oldest first. */
export async function runFolders (out: string, name: string): Promise<string[]> {
  const names = await readdir(join(out, name)).catch(() => [])
  return names.filter((folder) => folder !== 'latest').sort().map((folder) => join(out, name, folder))
}

/** The folder of the only run of a composition. */
export async function onlyFolder (out: string, name: string): Promise<string> {
  const folders = await runFolders(out, name)

  if (folders.length !== 1) {
    throw new Error(`${out}/${name} has ${folders.length} run folders, not one`)
  }

  return folders[0] as string
}

export async function readRecord (folder: string): Promise<RunRecord> {
  return JSON.parse(await readFile(join(folder, 'run.json'), 'utf8')) as RunRecord
}

export async function readOutcome (folder: string): Promise<OutcomeRecord> {
  return JSON.parse(await readFile(join(folder, 'outcome.json'), 'utf8')) as OutcomeRecord
}

/** A row of `results.out`, its tags apart from its name. */
export interface ResultRow {
  readonly instance: string
  readonly name: string
  readonly tags: Readonly<Record<string, string>>
  readonly measures: Readonly<Record<string, number>>
}

/** All rows of a run folder; `instance` is "run/group/index". */
export async function readRows (folder: string): Promise<ResultRow[]> {
  const files = (await readdir(join(folder, 'instances'), { recursive: true })).filter((file) => file.endsWith('results.out')).sort()
  const rows = await Promise.all(files.map(async (file) => {
    const lines = (await readFile(join(folder, 'instances', file), 'utf8')).split('\n').filter((line) => line !== '')
    return lines.map((line) => {
      const { name: tagged, measures } = JSON.parse(line) as { name: string, measures: Record<string, number> }
      const [name = '', ...tags] = tagged.split(',')
      return { instance: dirname(file), name, tags: Object.fromEntries(tags.map((tag) => tag.split('=') as [string, string])), measures }
    })
  }))
  return rows.flat()
}
