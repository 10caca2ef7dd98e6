import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CompositionError, readComposition, readManifest } from './index.ts'
import type { Composition, Manifest } from './index.ts'

const manifestText = `
name = "peersdb"
builders."docker:generic".enabled = true
runners."local:docker".enabled = true
runners."cluster:k8s".enabled = true
[[testcases]]
name = "replication"
instances = { min = 2, max = 10, default = 6 }
  [testcases.params]
  n = { type = "int", desc = "how many", unit = "items", default = 60 }
  gap_ms = { type = "float", desc = "gap", unit = "ms", default = "100" }
  loud = { type = "bool", desc = "loud", default = false }
  role = { type = "string", desc = "role", default = "contributor" }
  corpus = { type = "corpus", desc = "files", default = "" }
  network = { type = "profile", desc = "network", default = "lan" }
  regions = { type = "list", desc = "regions", default = ["a", "b"] }
  note = { type = "string", desc = "no default" }
[[testcases]]
name = "link"
instances = { min = 2, max = 4 }
`

/** The start of a good composition, three lines; a group makes it whole. */
export const head = '[global]\nplan = "peersdb"\ncase = "replication"\n'
export const group = '[[groups]]\nid = "peers"\ninstances = { count = 4 }\n'

/** A temporary directory with a manifest, in which compositions are written and read. */
export interface Desk {
  directory: string
  manifest: Manifest
  /** Reads `text` as the composition quick.toml. */
  read (text: string, set?: Record<string, string>): Promise<Composition>
  /** The sentence with which `text` is refused. */
  refusal (text: string, set?: Record<string, string>): Promise<string>
  /** The sentence with which a file, named from the directory, is refused. */
  refusalOf (file: string, set?: Record<string, string>): Promise<string>
  clear (): Promise<void>
}

export async function makeDesk (): Promise<Desk> {
  const directory = await mkdtemp(join(tmpdir(), 'composition-'))
  await writeFile(join(directory, 'manifest.toml'), manifestText)
  const manifest = await readManifest(join(directory, 'manifest.toml'))
  const read: Desk['read'] = async (text, set = {}) => {
    await writeFile(join(directory, 'quick.toml'), text)
    return readComposition('quick.toml', { manifest, set, workingDirectory: directory })
  }
  return {
    directory,
    manifest,
    read,
    refusal: (text, set) => sentenceOf(read(text, set)),
    refusalOf: (file, set) => sentenceOf(readComposition(file, { manifest, set, workingDirectory: directory })),
    clear: () => rm(directory, { recursive: true })
  }
}

async function sentenceOf (reading: Promise<Composition>): Promise<string> {
  const error: unknown = await reading.then(() => new Error('It was accepted.'), (reason: unknown) => reason)
  if (!(error instanceof CompositionError)) throw error
  return error.message
}
