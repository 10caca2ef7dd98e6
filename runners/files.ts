import { existsSync } from 'node:fs'
import { rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** The directory of the package, found from the source as from the build in `dist/`. */
export const packageRoot = findRoot(import.meta.dirname)

/** The Testground manifest of the plan. */
export const manifestFile = join(packageRoot, 'manifests', 'manifest.toml')

/** The directory of the compositions that come with the package. */
export const compositionDirectory = join(packageRoot, 'composition')

/** The composition that calibrations carry out unless they are given another one. */
export const calibrationFile = join(compositionDirectory, 'calibration.toml')

/** Writes a file whole or not at all: a reader sees the old file or the new one, never half of one. */
export async function writeWhole (file: string, content: string): Promise<void> {
  const draft = `${file}.${process.pid}.new`

  try {
    await writeFile(draft, content)
    await rename(draft, file)
  } catch (err) {
    await rm(draft, { force: true })
    throw err
  }
}

function findRoot (directory: string): string {
  return existsSync(join(directory, 'package.json')) ? directory : findRoot(dirname(directory))
}
