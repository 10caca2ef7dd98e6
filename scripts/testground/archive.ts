import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { command } from './commands.ts'

/** What a run left, as far as every runner must leave the same. */
export interface Outputs {
  /** Group and number of each instance, with the names of its files. */
  readonly instances: Readonly<Record<string, readonly string[]>>
  /** The names of all metrics that were recorded, without tags. */
  readonly metrics: readonly string[]
}

/** Files that only one of the runners writes, and that are no part of Testground's layout. */
const ownFiles = ['run.err', 'stdout']

/** Reads what the daemon collected. @throws StepError */
export async function readArchive (archive: string, directory: string): Promise<Outputs> {
  await mkdir(directory, { recursive: true })
  await command('tar', ['-xzf', archive, '-C', directory])
  const [run = ''] = await readdir(directory)
  return readOutputs(join(directory, run))
}

/** Reads the directory of a run: `<group>/<index>/…`. */
export async function readOutputs (directory: string): Promise<Outputs> {
  const instances: Record<string, readonly string[]> = {}
  const metrics = new Set<string>()

  for (const group of (await readdir(directory, { withFileTypes: true })).filter((entry) => entry.isDirectory())) {
    for (const index of await readdir(join(directory, group.name))) {
      const files = await readdir(join(directory, group.name, index))
      instances[`${group.name}/${index}`] = files.filter((file) => !ownFiles.includes(file)).sort()
      const rows = await readFile(join(directory, group.name, index, 'results.out'), 'utf8').catch(() => '')
      rows.split('\n').filter((line) => line !== '').forEach((line) => {
        metrics.add((JSON.parse(line) as { name: string }).name.split(',')[0] ?? '')
      })
    }
  }

  return { instances, metrics: [...metrics].sort() }
}

/** How two runs' outputs differ, a sentence each. */
export function differences (expected: Outputs, found: Outputs): string[] {
  const named = Object.keys(expected.instances)
  const missing = named.filter((name) => found.instances[name] == null)
  const odd = named.filter((name) => {
    const files = found.instances[name]
    return files != null && expected.instances[name]?.every((file) => files.includes(file)) === false
  })
  const lost = expected.metrics.filter((name) => !found.metrics.includes(name))
  const more = found.metrics.filter((name) => !expected.metrics.includes(name))
  return [
    ...missing.map((name) => `instance ${name} is missing`),
    ...odd.map((name) => `instance ${name} lacks one of the files ${expected.instances[name]?.join(', ')}; it has ${found.instances[name]?.join(', ')}`),
    ...(lost.length > 0 ? [`the metrics ${lost.join(', ')} are missing`] : []),
    ...(more.length > 0 ? [`there are other metrics too: ${more.join(', ')}`] : [])
  ]
}
