import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { profileNames } from '../network/profile.ts'
import { readComposition, readManifest } from './composition/index.ts'
import { compositionDirectory, manifestFile } from './files.ts'
import type { CaseSpec } from './composition/index.ts'

export interface CompositionSummary {
  readonly file: string
  readonly case: string
  readonly instances: number
  readonly network: string
}

/** The compositions that come with the package. */
export async function listCompositions (): Promise<CompositionSummary[]> {
  const manifest = await readManifest(manifestFile)
  const files = (await readdir(compositionDirectory)).filter((file) => file.endsWith('.toml')).sort()
  return Promise.all(files.map(async (file) => {
    const composition = await readComposition(join(compositionDirectory, file), { manifest, workingDirectory: process.cwd() })
    const [first] = composition.runs
    return {
      file: `composition/${file}`,
      case: composition.case,
      instances: first?.totalInstances ?? 0,
      network: first?.groups[0]?.params.network ?? ''
    }
  }))
}

/** The cases of the plan with their parameters, and the network profiles that come with the package. */
export async function listCases (): Promise<{ cases: Readonly<Record<string, CaseSpec>>, networks: readonly string[] }> {
  const { testcases } = await readManifest(manifestFile)
  return { cases: testcases, networks: profileNames }
}
