import { measuredColumn } from '../../peersdb/records/c3o.ts'
import { createRandom } from '../random.ts'
import type { CorpusItem } from '../corpus/index.ts'

/**
 * What can be wrong with contributed executions: runtimes ten times too long, runtimes in minutes where seconds are expected, and
 * the rows of another configuration once more, in another order so that it is another file.
 */
export const flawNames = ['scaled', 'minutes', 'duplicated'] as const

export type FlawName = (typeof flawNames)[number]

export interface Flaws {
  /** The probability that an item has one. */
  readonly share: number
  readonly kinds: readonly FlawName[]
  readonly seed: number
}

/** The items, some of them with a flaw. Which ones, and with which, depends on the seed and their own names alone. */
export function withFlaws (items: readonly CorpusItem[], { share, kinds, seed }: Flaws): CorpusItem[] {
  return items.map((item) => {
    const random = createRandom(seed, 'flaw', item.name)

    if (!random.chance(share)) {
      return item
    }

    const flaw = random.pick(kinds)
    const other = random.pick(items.filter((candidate) => candidate !== item || items.length === 1))
    return { ...item, flaw, bytes: async () => Buffer.from(spoil(flaw, await text(item), await text(other))) }
  })
}

async function text (item: CorpusItem): Promise<string> {
  return new TextDecoder().decode(await item.bytes())
}

function spoil (flaw: FlawName, own: string, other: string): string {
  switch (flaw) {
    case 'scaled': return mapRuntimes(own, (seconds) => seconds * 10)
    case 'minutes': return mapRuntimes(own, (seconds) => Number((seconds / 60).toFixed(3)))
    case 'duplicated': {
      const [header = '', ...rows] = lines(other)
      return [header, ...rows.reverse(), ''].join('\n')
    }
  }
}

function mapRuntimes (table: string, change: (seconds: number) => number): string {
  const [header = '', ...rows] = lines(table)
  const measured = header.split('\t').indexOf(measuredColumn)
  const changed = rows.map((row) => row.split('\t').map((cell, i) => i === measured ? String(change(Number(cell))) : cell).join('\t'))
  return [header, ...changed, ''].join('\n')
}

function lines (table: string): string[] {
  return table.split(/\r?\n/).filter((line) => line !== '')
}
