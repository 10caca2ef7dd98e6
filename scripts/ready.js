/**
 * Makes a checkout ready and then runs a command in it: brings a Node.js that is new enough, installs
 * the dependencies of the lock file and builds, each only when it is needed.
 *
 *   node scripts/ready.js <command> [argument ...]
 *
 * This file runs before anything is installed and on an older Node.js (18 or newer), so it is plain
 * JavaScript without dependencies.
 */
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const nodeVersionMin = 24
const harnessBroke = 70
const rooms = ['analysis', 'cli', 'manifests', 'network', 'peersdb', 'plans', 'runners']
const installStamp = join(root, 'node_modules', '.peerslab-installed')
const buildStamp = join(root, 'dist', '.built-from')

class NotReadyError extends Error {
  name = 'NotReadyError'
}

/**
 * Makes the checkout ready.
 *
 * @returns {{ node: string, env: NodeJS.ProcessEnv }} the Node.js to use, and an environment that finds it first
 */
export function ready () {
  const node = findNode() ?? installNode()
  const env = {
    ...process.env,
    PATH: [dirname(node), join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter)
  }
  install(node, env)
  build(node, env)
  return { node, env }
}

function findNode () {
  if (Number(process.versions.node.split('.')[0]) >= nodeVersionMin) {
    return process.execPath
  }

  const modules = join(root, 'scripts', 'node', 'node_modules')
  const names = existsSync(modules) ? readdirSync(modules).filter((name) => name.startsWith('node-')) : []
  return names
    .flatMap((name) => [join(modules, name, 'bin', 'node'), join(modules, name, 'bin', 'node.exe')])
    .find((file) => existsSync(file) && spawnSync(file, ['--version']).status === 0)
}

function installNode () {
  say(`Node.js ${nodeVersionMin} is needed and this is ${process.version}: installing it beside the project (about 190 MB, once)`)
  const output = npm(process.execPath, ['ci'], { ...process.env }, join(root, 'scripts', 'node'))
  const node = findNode()

  if (node == null) {
    throw new NotReadyError(`PeersLab needs Node.js ${nodeVersionMin} or newer, this is ${process.version}, and npm could not bring one for ${process.platform} ${process.arch}${output}; see whether the npm registry can be reached, or install Node.js ${nodeVersionMin} yourself`)
  }

  return node
}

function install (node, env) {
  const lock = join(root, 'package-lock.json')

  // A package that was installed from the registry has no lock file: npm has seen to its dependencies.
  if (!existsSync(lock)) {
    return
  }

  const wanted = digest([lock])

  if (!existsSync(installStamp) || readFileSync(installStamp, 'utf8') !== wanted) {
    say('installing the dependencies of package-lock.json')
    const output = npm(node, ['ci', '--include=dev'], env, root)

    if (output !== '') {
      throw new NotReadyError(`npm ci failed${output}`)
    }

    linkCommand()
    writeFileSync(installStamp, wanted)
  }
}

/** npx looks here first; without it, it would install the checkout into its cache every time. */
function linkCommand () {
  const link = join(root, 'node_modules', '.bin', 'peerslab')

  if (process.platform !== 'win32' && !existsSync(link)) {
    symlinkSync(join('..', '..', 'bin', 'peerslab.js'), link)
  }
}

function build (node, env) {
  if (!existsSync(join(root, 'tsconfig.json'))) {
    return
  }

  const wanted = digest(sources())

  if (!existsSync(buildStamp) || readFileSync(buildStamp, 'utf8') !== wanted) {
    say('building')
    const result = spawnSync(node, [join(root, 'scripts', 'build.ts'), wanted], { cwd: root, env, encoding: 'utf8' })

    if (result.status !== 0) {
      throw new NotReadyError(`the build failed: ${result.stdout}${result.stderr}`)
    }
  }
}

function sources () {
  const files = rooms.flatMap((room) => readdirSync(join(root, room), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/\.(test|test-helper|bench)\.ts$/.test(entry.name))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name)))
  return [...files, join(root, 'scripts', 'build.ts'), join(root, 'scripts', 'bundle.ts'), join(root, 'scripts', 'no-level.ts'), join(root, 'tsconfig.json'), join(root, 'package-lock.json')].sort()
}

function digest (files) {
  const hash = createHash('sha256')

  for (const file of files) {
    hash.update(file.slice(root.length)).update('\0').update(readFileSync(file)).update('\0')
  }

  return hash.digest('hex')
}

/** Runs npm under the given Node.js; returns the end of what it said where it failed, else the empty string. */
function npm (node, args, env, cwd) {
  const script = process.env.npm_execpath
  const [command, first] = script?.endsWith('.js') ? [node, [script]] : ['npm', []]
  const result = spawnSync(command, [...first, ...args, '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd,
    env,
    encoding: 'utf8',
    shell: process.platform === 'win32' && command === 'npm'
  })

  if (result.status === 0) {
    return ''
  }

  const lines = (result.error?.message ?? result.stderr).trim().split('\n').filter((line) => !line.includes('A complete log'))
  return ` (npm said: ${lines.slice(0, 3).join(' ')})`
}

function say (sentence) {
  process.stderr.write(`peerslab: ${sentence}\n`)
}

/** Runs a command with the project's Node.js first on the PATH; resolves with its exit code. */
export async function run (command, args) {
  const { node, env } = ready()
  const child = spawn(command === 'node' ? node : command, args, { env, stdio: 'inherit', shell: process.platform === 'win32' && command !== 'node' })

  // The command ends itself in order when it is told to; this process passes that on and waits for it.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => { child.kill(signal) })
  }

  return new Promise((resolve, reject) => {
    child.once('error', (err) => { reject(new NotReadyError(`${command} could not be started: ${err.message}`)) })
    child.once('exit', (code, signal) => { resolve(code ?? 128 + constants.signals[signal]) })
  })
}

/** Runs `main` and ends the process with its exit code; a checkout that cannot be made ready is one sentence. */
export async function exitWith (main) {
  try {
    process.exitCode = await main()
  } catch (err) {
    say(err.name === 'NotReadyError' ? err.message : err.stack)
    process.exitCode = harnessBroke
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await exitWith(() => run(process.argv[2] ?? 'node', process.argv.slice(3)))
}
