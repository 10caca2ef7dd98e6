import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { tryCommand } from './commands.ts'

/** A program that the Go module proxy serves, at the version that these tests were written for. */
export interface GoProgram {
  readonly name: string
  readonly module: string
  readonly version: string
  /** The package that is its main one. */
  readonly package: string
}

export const testgroundProgram: GoProgram = {
  name: 'testground', module: 'github.com/testground/testground', version: 'v0.6.0', package: 'github.com/testground/testground'
}
export const syncServiceProgram: GoProgram = {
  name: 'sync-service', module: 'github.com/testground/sync-service', version: 'v0.1.0', package: 'github.com/testground/sync-service/cmd'
}

/** It takes some five minutes on two cores, the first time. */
const buildTimeoutMs = 7 * 60_000

/**
 * Builds a Go program, once, into a directory.
 *
 * @returns its path, or the sentence that says why there is none
 */
export async function buildGoProgram (program: GoProgram, directory: string): Promise<{ path: string } | { missing: string }> {
  const path = join(directory, `${program.name}-${program.version}`)

  if (existsSync(path)) {
    return { path }
  }

  // `go install` wants a list of versions, which the proxy does not give for every module; a module that asks for one does not.
  const scratch = await mkdtemp(join(tmpdir(), 'peerslab-go-'))

  try {
    await mkdir(directory, { recursive: true })
    await writeFile(join(scratch, 'go.mod'), `module build\n\ngo 1.20\n\nrequire ${program.module} ${program.version}\n`)
    const built = join(scratch, 'program')
    const { code, stderr } = await tryCommand('go', ['build', '-mod=mod', '-buildvcs=false', '-trimpath', '-ldflags=-s -w', '-o', built, program.package], {
      cwd: scratch, env: { CGO_ENABLED: '0' }, timeoutMs: buildTimeoutMs
    })

    if (code !== 0) {
      const said = code == null ? `it took longer than ${buildTimeoutMs / 60_000} minutes` : stderr.trim().split('\n').filter((line) => !line.startsWith('go: downloading')).join(' ').slice(-500)
      return { missing: `${program.module} ${program.version} could not be built: ${said}` }
    }

    // Under another name until it is whole, so that an interrupted build is not taken for the program.
    await tryCommand('cp', [built, `${path}.part`])
    await rename(`${path}.part`, path)
    return { path }
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}
