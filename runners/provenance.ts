import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { arch, cpus, platform, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const gitTimeoutMs = 5_000

/** What ran, and on what: enough to tell whether two runs can be compared. */
export interface Provenance {
  /** The version of this package. */
  readonly peerslab: string
  /** Node.js and every direct dependency. */
  readonly versions: Readonly<Record<string, string>>
  /** SHA-256 of the lock file, which fixes every other dependency; null where there is none. */
  readonly lockFileSha256: string | null
  /** The commit of the checkout; null where this is none. */
  readonly commit: string | null
  /** Whether the checkout had uncommitted changes. */
  readonly dirty: boolean | null
  readonly host: Readonly<Record<string, string | number>>
}

/** @param root - the directory of the package */
export async function readProvenance (root: string): Promise<Provenance> {
  const { version, dependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as
    { version: string, dependencies: Record<string, string> }
  const lock = await readFile(join(root, 'package-lock.json')).catch(() => null)
  const status = await git(root, ['status', '--porcelain'])
  const [cpu] = cpus()

  return {
    peerslab: version,
    versions: { node: process.versions.node, ...dependencies },
    lockFileSha256: lock == null ? null : createHash('sha256').update(lock).digest('hex'),
    commit: await git(root, ['rev-parse', 'HEAD']),
    dirty: status == null ? null : status !== '',
    host: {
      platform: platform(),
      release: release(),
      arch: arch(),
      cpu: cpu?.model.trim() ?? 'unknown',
      cores: cpus().length,
      memory_bytes: totalmem()
    }
  }
}

async function git (root: string, args: string[]): Promise<string | null> {
  try {
    const { stdout } = await promisify(execFile)('git', args, { cwd: root, timeout: gitTimeoutMs })
    return stdout.trim()
  } catch {
    return null
  }
}
