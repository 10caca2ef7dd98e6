import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { runsOf } from '../sources.ts'
import { row } from '../folder.test-helper.ts'
import { reduceAll } from './reduce-all.ts'
import { writeStudy } from './study.test-helper.ts'

const made: string[] = []
afterEach(async () => { for (const path of made.splice(0)) await rm(path, { recursive: true, force: true }) })

const entries = (...values: number[]): string => values.map((value) => row('replication_entry_ms,from=b,region=a,cid=c', { value })).join('')

async function folders (): Promise<string[]> {
  const path = await writeStudy([
    { rows: entries(1, 2, 4) }, { rows: entries(3, 5, 8) + 'no row\n' }, { rows: '' }, { rows: entries(7, -1), outcome: { verdict: 'fail' } }, { rows: entries(6) }
  ])
  made.push(path)
  return runsOf(path)
}

describe('run folders that are large', () => {
  it('are read by threads, which say the same in the same order', async () => {
    const runs = await folders()
    const heard: string[] = []
    const alone = await reduceAll(runs, { by: 'region', onReduced: () => {} })
    const divided = await reduceAll(runs, { by: 'region', onReduced: ({ name }) => { heard.push(name) }, rowsForThreads: 3 })
    expect(divided).toEqual(alone)
    expect(alone.map(({ run, unusable }) => run?.series.map(({ value }) => value) ?? unusable))
      .toEqual([[2], [5], 'it has no rows', 'its verdict is fail (all hold the same)', [6]])
    expect(heard.sort()).toEqual(alone.map(({ name }) => name).sort())
  })

  it('are refused by threads as they are without', async () => {
    const runs = await folders()
    await writeFile(join(runs[3] ?? '', 'run.json'), '{"schema":99}')
    const refusal = async (rowsForThreads: number): Promise<unknown> =>
      reduceAll(runs, { onReduced: () => {}, rowsForThreads }).catch((err: unknown) => err)
    expect(await refusal(3)).toEqual(await refusal(1_000))
    expect(await refusal(3)).toMatchObject({ name: 'RunFolderError', message: expect.stringMatching(/schema 99/) })
  })
})
