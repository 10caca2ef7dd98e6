import { execFile, spawn } from 'node:child_process'
import { copyFile, mkdir, readdir, readFile, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { RunRequestError } from '../errors.ts'

const gitTimeoutMs = 60_000
/** Dependencies of another lock file are installed anew, over a network that may be slow. */
const buildTimeoutMs = 15 * 60_000
/** Marks that the dependencies of the lock file are there; see scripts/ready.js. */
const installStamp = '.peerslab-installed'

/** The hash of the commit that a name stands for. @throws {RunRequestError} */
export async function resolveCommit (root: string, ref: string): Promise<string> {
  try {
    return (await git(root, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`])).trim()
  } catch (err) {
    const isRepository = await git(root, ['rev-parse', '--git-dir']).then(() => true, () => false)
    throw new RunRequestError(isRepository
      ? `"${ref}" is no commit of this checkout; fetch it first, or name another one`
      : `${root} is no git checkout (${(err as Error).message.split('\n')[0]}); gate needs one to get at both versions`)
  }
}

/** Whether files are changed that no commit has, and so are in neither version. */
export async function hasChanges (root: string): Promise<boolean> {
  return (await git(root, ['status', '--porcelain', '--untracked-files=no'])).trim() !== ''
}

/**
 * Checks a commit out into a directory of its own and builds it there.
 *
 * @throws {RunRequestError} where it cannot be checked out, or does not build
 */
export async function checkOut (root: string, commit: string, directory: string, signal: AbortSignal): Promise<void> {
  await git(root, ['worktree', 'add', '--detach', '--force', directory, commit]).catch((err: unknown) => {
    throw new RunRequestError(`${commit} cannot be checked out (${lastLine((err as Error).message)}); see "git worktree list"`)
  })
  await linkDependencies(root, directory)
  const { code, output } = await build(directory, signal)

  if (code !== 0) {
    throw new RunRequestError(`${commit} does not build (${lastLine(output)}); check it out and run "npm run build" to see why`)
  }
}

/** Takes a checkout away, and what git knows of it. */
export async function removeCheckout (root: string, directory: string): Promise<void> {
  // What is left is the temporary directory's; git forgets checkouts whose directory is gone.
  await git(root, ['worktree', 'remove', '--force', directory]).catch(() => {})
  await git(root, ['worktree', 'prune']).catch(() => {})
}

/** Where both have the same lock file, the dependencies are those that are installed here: each a link, and the directory its own. */
async function linkDependencies (root: string, directory: string): Promise<void> {
  const [here, there, stamp] = await Promise.all([join(root, 'package-lock.json'), join(directory, 'package-lock.json'), join(root, 'node_modules', installStamp)]
    .map((file) => readFile(file, 'utf8').catch(() => undefined)))

  if (here == null || here !== there || stamp == null) {
    return
  }

  await mkdir(join(directory, 'node_modules'))
  const names = (await readdir(join(root, 'node_modules'))).filter((name) => name !== '.cache' && name !== installStamp)
  await Promise.all(names.map((name) => symlink(join(root, 'node_modules', name), join(directory, 'node_modules', name))))
  await copyFile(join(root, 'node_modules', installStamp), join(directory, 'node_modules', installStamp))
}

async function build (directory: string, signal: AbortSignal): Promise<{ code: number | null, output: string }> {
  const child = spawn(process.execPath, [join(directory, 'scripts', 'ready.js'), process.execPath, '--version'], {
    cwd: directory, stdio: ['ignore', 'pipe', 'pipe'], timeout: buildTimeoutMs, signal
  })
  let output = ''
  child.stdout.on('data', (data) => { output += String(data) })
  child.stderr.on('data', (data) => { output += String(data) })
  return new Promise((resolve) => {
    child.once('error', (err) => { resolve({ code: null, output: `${output}\n${err.message}` }) })
    child.once('close', (code) => { resolve({ code, output }) })
  })
}

export function lastLine (text: string): string {
  return text.trim().split('\n').at(-1) ?? ''
}

async function git (root: string, args: string[]): Promise<string> {
  // In a hook, git says here which repository it is at work in, which need not be this one.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_')))
  const { stdout } = await promisify(execFile)('git', args, { cwd: root, env, timeout: gitTimeoutMs })
  return stdout
}
