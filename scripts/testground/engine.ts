import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises'
import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { command, startService, tryCommand } from './commands.ts'
import type { Namespace } from './namespace.ts'
import type { Service } from './commands.ts'

/** A container engine that runs in a namespace and keeps all that is its own in one directory. */
export interface Engine {
  /** The environment of programs that talk to it. */
  readonly env: Readonly<Record<string, string>>
  docker (args: readonly string[], timeoutMs?: number): Promise<string>
  stop (): Promise<void>
}

/** @throws StepError */
export async function startEngine ({ enter }: Namespace, directory: string): Promise<Engine> {
  const socket = `unix://${join(directory, 'docker.sock')}`
  const env = { DOCKER_HOST: socket, DOCKER_BUILDKIT: '0' }
  const [program, ...words] = enter
  await mkdir(join(directory, 'engine'), { recursive: true })
  const service: Service = await startService(program, [
    ...words, 'dockerd', '--host', socket, '--data-root', join(directory, 'engine', 'data'), '--exec-root', join(directory, 'engine', 'exec'),
    '--pidfile', join(directory, 'engine', 'pid')
  ], {
    name: 'the container engine',
    log: join(directory, 'engine.log'),
    isReady: async () => (await tryCommand('docker', ['version', '--format', '{{.Server.Version}}'], { env })).code === 0,
    readyMs: 60_000
  })
  return {
    env,
    docker: (args, timeoutMs = 120_000) => command('docker', args, { env, timeoutMs }),
    // What a container has mounted would keep its directory from being removed.
    stop: async () => {
      const { stdout } = await tryCommand('docker', ['ps', '--all', '--quiet'], { env })
      await tryCommand('docker', ['rm', '--force', ...stdout.split('\n').filter((id) => id !== '')], { env })
      await service.stop()
    }
  }
}

/**
 * Makes an image of what Node.js needs of this machine: the program, a shell, `sleep`, and the libraries that they load. No
 * registry of images is asked.
 *
 * @throws StepError
 */
export async function importBaseImage (engine: Engine, tag: string, directory: string): Promise<void> {
  const root = join(directory, 'root')
  const programs = [[process.execPath, '/usr/local/bin/node'], ['/bin/sh', '/bin/sh'], ['/bin/sleep', '/bin/sleep']] as const
  const put = async (from: string, to: string): Promise<void> => {
    await mkdir(dirname(join(root, to)), { recursive: true })
    await copyFile(from, join(root, to))
  }

  for (const [from, to] of programs) {
    await put(from, to)
    const libraries = (await command('ldd', [from])).match(/\/\S+(?= \()/g) ?? []

    for (const library of libraries) {
      await put(library, library)
    }
  }

  await Promise.all(['tmp', 'proc', 'dev', 'sys', 'etc'].map((name) => mkdir(join(root, name), { recursive: true })))
  await writeFile(join(root, 'etc', 'passwd'), 'root:x:0:0:root:/root:/bin/sh\n')
  const tar = spawn('tar', ['-C', root, '-c', '.'], { stdio: ['ignore', 'pipe', 'inherit'] })
  await command('docker', ['import', '--change', 'ENV PATH=/usr/local/bin:/bin', '-', tag], { env: engine.env, input: tar.stdout, timeoutMs: 300_000 })
  await rm(root, { recursive: true })
}

/** Builds an image from files that are in a directory of their own. @throws StepError */
export async function buildImage (engine: Engine, tag: string, directory: string, lines: readonly string[]): Promise<void> {
  await writeFile(join(directory, 'Dockerfile'), `${lines.join('\n')}\n`)
  await engine.docker(['build', '--tag', tag, directory])
}
