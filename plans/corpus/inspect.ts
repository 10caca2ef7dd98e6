import { createHash } from 'node:crypto'
import { openCorpus } from './index.ts'
import type { CorpusInit } from './index.ts'
import type { CorpusItem } from './item.ts'
import type { CorpusProgress } from './generate.ts'

/** What a corpus is made of. */
export interface CorpusContents {
  readonly description: string
  readonly contributions: number
  readonly bytes: number
  /** How many contributions there are of each kind, framework and workload, the most first; those that tell none are under "". */
  readonly kinds: Readonly<Record<string, number>>
  readonly frameworks: Readonly<Record<string, number>>
  readonly workloads: Readonly<Record<string, number>>
  /** Bytes of each contribution, ascending. */
  readonly sizes: readonly number[]
  /** SHA-256 over the lines `<name>\t<bytes>\t<SHA-256>\n` of all contributions, sorted by the bytes of their names. */
  readonly digest: string
}

/**
 * Reads or generates all contributions of a corpus, one after another, and counts them.
 *
 * @throws {CorpusError} as {@link openCorpus}; the signal's reason when it aborted
 */
export async function inspectCorpus (init: CorpusInit, { onProgress, signal }: CorpusProgress): Promise<CorpusContents> {
  const { description, items } = await openCorpus(init)
  const lines: Array<{ key: Buffer, line: string }> = []
  const sizes: number[] = []
  for (const { name, bytes } of items) {
    signal.throwIfAborted()
    const content = await bytes()
    sizes.push(content.byteLength)
    lines.push({ key: Buffer.from(name), line: `${name}\t${content.byteLength}\t${createHash('sha256').update(content).digest('hex')}\n` })
    onProgress(sizes.length, items.length)
  }
  const digest = createHash('sha256')
  for (const { line } of lines.sort((a, b) => Buffer.compare(a.key, b.key))) digest.update(line)
  return {
    description,
    contributions: items.length,
    bytes: sizes.reduce((sum, size) => sum + size, 0),
    kinds: countBy(items, ({ kind }) => kind),
    frameworks: countBy(items, ({ attributes }) => attributes['framework'] ?? ''),
    workloads: countBy(items, ({ attributes }) => attributes['workload'] ?? ''),
    sizes: sizes.sort((a, b) => a - b),
    digest: digest.digest('hex')
  }
}

function countBy (items: readonly CorpusItem[], of: (item: CorpusItem) => string): Record<string, number> {
  const counts = new Map<string, number>()
  for (const item of items) counts.set(of(item), (counts.get(of(item)) ?? 0) + 1)
  return Object.fromEntries([...counts].sort(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1)))
}
