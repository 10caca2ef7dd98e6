import { expect, it } from 'vitest'
import { warningsOf } from './warnings.ts'
import type { Row } from './rows.ts'

type Folder = Parameters<typeof warningsOf>[0]

function folderWith (rows: readonly Row[]): Folder {
  return { rows, problems: [], notes: [], unparsed: 0, run: {}, outcome: undefined, instances: [] } as unknown as Folder
}

it('warns by how much times between machines may be off, where there were several', () => {
  const at = { run: 'default', group: 'peers', index: 1, ts: 1, metric: 'clock_error_ms', tags: {} }
  const error = (value: number): Row => ({ ...at, measures: { value } }) as unknown as Row
  const sentences = (rows: readonly Row[]): string[] =>
    warningsOf(folderWith(rows)).map(({ sentence }) => sentence).filter((sentence) => sentence.includes('clocks'))
  expect(sentences([error(0.25), error(1.5)])).toEqual([
    'Instances ran on several machines, whose clocks were set by each other within 1.50 ms: times from one machine to another may be off by that much.'
  ])
  expect(sentences([])).toEqual([])
})
