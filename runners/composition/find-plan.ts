import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { testgroundHome } from '../testground-home.ts'
import { CompositionError } from './errors.ts'
import type { TomlDocument } from './toml.ts'

/**
 * Finds a plan that is not ours by what a composition calls it: a directory beside the composition, or one that was imported into
 * Testground's home.
 *
 * @returns an absolute path, in which a manifest is
 * @throws CompositionError
 */
export function findPlan (document: TomlDocument, plan: string, directory: string, own: string): string {
  const candidates = [resolve(directory, plan), join(testgroundHome(), 'plans', plan)]
  const found = candidates.find((candidate) => existsSync(join(candidate, 'manifest.toml')))

  if (found == null) {
    throw new CompositionError(`${document.place(['global', 'plan'])}: there is no plan "${plan}", neither as a directory beside the composition nor in Testground's home, ` +
      `where it would have a manifest.toml; write plan = "${own}", or the path of such a directory`)
  }

  return found
}
