import { loadProfile } from '../network/profile.ts'
import { findCase } from './cases/index.ts'
import type { Profile } from '../network/profile.ts'

/**
 * The network that a run of a case with these parameters lies on, of whichever of its groups they are.
 *
 * @throws {ProfileError | ParameterError}
 */
export async function networkOf (caseName: string, params: Readonly<Record<string, string>> = {}): Promise<Profile> {
  return findCase(caseName)?.network?.(params) ?? loadProfile(params.network ?? 'none')
}
