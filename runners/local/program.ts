import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { delimiter, dirname, join, resolve } from 'node:path'
import { RunRequestError } from '../errors.ts'
import { packageRoot } from '../files.ts'
import type { Composition, GroupSpec, Manifest } from '../composition/index.ts'

/** A young generation that grows to its default of 16 MiB costs every idle instance some 10 MB. */
const nodeOptions = ['--max-semi-space-size=4']
/** A plan that is built for the first time loads its modules, too. */
const buildTimeoutMs = 300_000

/** What an instance is started with. */
export interface Program {
  readonly command: string
  readonly args: readonly string[]
  /** Further environment. */
  readonly env?: Readonly<Record<string, string>>
  /** The directory that it expects to run in; it runs in one of its own, with links to what is there. */
  readonly directory?: string
}

/** Our own plan as one file. */
export function bundledProgram (plan: string): Program {
  return { command: process.execPath, args: [...nodeOptions, plan] }
}

/**
 * What a group of a plan that others wrote is started with: the artifact that the composition names, otherwise what the plan's
 * builder would make of it.
 *
 * @throws {RunRequestError} where that cannot be had on this machine
 */
export async function findProgram (composition: Composition, manifest: Manifest, group: GroupSpec): Promise<Program> {
  const { plan, planDirectory: directory = '' } = composition

  if (group.artifact != null) {
    return fromArtifact(resolve(dirname(composition.file), group.artifact), group, directory)
  }

  const builder = group.builder ?? composition.builder ?? manifest.builderDefault ?? Object.keys(manifest.builders)[0] ?? 'none'

  switch (builder) {
    case 'docker:node':
      return fromPackage(directory, plan)
    case 'exec:go':
    case 'docker:go':
      return { command: await buildGo(directory, plan), args: [], directory }
    default:
      throw new RunRequestError(`the runner local does not know what the builder ${builder} makes of plan ${plan}; name a program in ` +
        `artifact of [groups.run] of group ${group.id}, or use docker:node or exec:go`)
  }
}

function fromArtifact (file: string, group: GroupSpec, directory: string): Program {
  const found = statSync(file, { throwIfNoEntry: false })

  if (found?.isFile() !== true) {
    throw new RunRequestError(`the artifact ${file} of group ${group.id} is not there, or no file; name a program, by its path from the composition`)
  }

  if (/\.[cm]?js$/.test(file)) {
    return { command: process.execPath, args: [file], directory }
  }

  if (process.platform !== 'win32' && (found.mode & 0o111) === 0) {
    throw new RunRequestError(`the artifact ${file} of group ${group.id} is no program; make it executable with chmod +x`)
  }

  return { command: file, args: [], directory }
}

/** A package is started as `npm start` would, but without npm. */
function fromPackage (directory: string, plan: string): Program {
  const file = join(directory, 'package.json')
  const { scripts } = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) as { scripts?: Record<string, string> } : {}
  const start = scripts?.start

  if (start == null) {
    throw new RunRequestError(`plan ${plan} is to be built as docker:node, but ${file} has no script "start"; add one, such as "node index.js"`)
  }

  const path = [join(directory, 'node_modules', '.bin'), dirname(process.execPath), process.env.PATH ?? ''].join(delimiter)
  // Signals are for the program, so it takes the place of a shell wherever no shell is needed.
  return /^node [\w./ =-]+$/.test(start)
    ? { command: process.execPath, args: start.split(/ +/).slice(1), env: { PATH: path }, directory }
    : { command: '/bin/sh', args: ['-c', start], env: { PATH: path }, directory }
}

/** @returns the program, which is kept where those of the same plan are looked for; Go itself finds out whether it is still good */
async function buildGo (directory: string, plan: string): Promise<string> {
  const place = join(packageRoot, 'node_modules', '.cache', 'peerslab', 'go')
  const program = join(place, createHash('sha256').update(directory).digest('hex').slice(0, 16))
  await mkdir(place, { recursive: true })
  const child = spawn('go', ['build', '-mod=mod', '-buildvcs=false', '-o', program, '.'], {
    cwd: directory, env: { ...process.env, CGO_ENABLED: '0' }, stdio: ['ignore', 'ignore', 'pipe'], timeout: buildTimeoutMs
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => { said = (said + text).slice(-2_000) })
  const code = await new Promise<number | string | null>((done) => {
    child.once('error', (err: NodeJS.ErrnoException) => { done(err.code ?? err.message) })
    child.once('close', done)
  })

  if (code === 'ENOENT') {
    throw new RunRequestError(`plan ${plan} is written in Go, and there is no go on this machine; install it, or name a built program in artifact of [groups.run]`)
  }

  if (code !== 0) {
    const why = code == null ? `it took longer than ${buildTimeoutMs / 1000} s` : said.trim().replace(/\s+/g, ' ').slice(-400)
    throw new RunRequestError(`plan ${plan} could not be built with go in ${directory}: ${why}`)
  }

  return program
}
