import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The directory of the package, found from the source as from the build in `dist/`. */
export const packageRoot = findRoot(import.meta.dirname)

/** The Testground manifest of the plan. */
export const manifestFile = join(packageRoot, 'manifests', 'manifest.toml')

/** The directory of the compositions that come with the package. */
export const compositionDirectory = join(packageRoot, 'composition')

function findRoot (directory: string): string {
  return existsSync(join(directory, 'package.json')) ? directory : findRoot(dirname(directory))
}
