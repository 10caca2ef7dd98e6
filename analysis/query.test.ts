import { appendFile, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { archiveOf, collectedMembers, row, runRecord, wholeFolder } from './folder.test-helper.ts'
import { answerTables, query, selectRows } from './query.ts'
import { parseConditions } from './select.ts'
import { tableText } from './table.ts'

/** Two run folders with seeds of their own and an archive of Testground's. */
let study: string
const groups = (sync: string): object => ({ runs: [{ id: 'main', groups: [{ id: 'peers', count: 6, params: { sync } }, { id: 'newcomers', count: 2, params: { sync: 'stock' } }] }] })

beforeAll(async () => {
  study = await mkdtemp(join(tmpdir(), 'peerslab-query-'))
  const folder = await wholeFolder()
  for (const [name, seed, sync] of [['one', 7, 'fast'], ['two', 12, 'stock']] as const) {
    await cp(folder, join(study, name), { recursive: true })
    await writeFile(join(study, name, 'run.json'), JSON.stringify({ ...runRecord(), seed, ...groups(sync) }))
  }
  await writeFile(join(study, 'three.tgz'), await archiveOf(await collectedMembers(() => 'success_event')))
  await rm(folder, { recursive: true })
})
afterAll(async () => { await rm(study, { recursive: true }) })

const ask = async (by: string[], ...where: string[]): ReturnType<typeof query> => query(study, by, { where: parseConditions(where) })

describe('rows of several runs', () => {
  it('are divided by keys of the run, of its groups and of the row', async () => {
    const { groups, rows, chosen } = await ask(['seed', 'sync', 'region'], 'metric=replication_entry_ms', 'region=us-west1', 'region=me-west1')
    expect({ rows, chosen }).toEqual({ rows: 3 * 344, chosen: 3 * 50 })
    expect(groups.map(({ values, n, runs }) => [...values, n, runs])).toEqual([
      ['-', 'fast', 'me-west1', 25, 1], ['-', 'fast', 'us-west1', 25, 1],
      ['7', 'fast', 'me-west1', 25, 1], ['7', 'fast', 'us-west1', 25, 1],
      ['12', 'stock', 'me-west1', 25, 1], ['12', 'stock', 'us-west1', 25, 1]
    ])
  })

  it('give the statistics that the tables of a report give, waits that ran out as bounds', async () => {
    const answer = await ask([], 'metric=replication_file_ms', 'region=southamerica-east1')
    const [group] = answer.groups
    expect(group).toMatchObject({ n: 75, runs: 3, censored: 15, max: { value: 3000, bound: true }, median: { bound: false } })
    const [text] = answerTables(answer, []).map(tableText)
    expect(text).toMatch(/^replication_file_ms, in ms\n\n +runs +n +median +p95 +max +ran out\n[ -]+\n +3 +75 +\d+ +> \d+ +> 3000 +15$/)
  })

  it('are left out where a condition does not hold, and those without the key with "!=" are not', async () => {
    const by = async (...where: string[]): Promise<string[]> => (await ask(['group'], ...where)).groups.map(({ metric, values: [group] }) => `${group} ${metric}`)
    expect(await by('group=newcomers', 'metric!=bootstrap_entries_held', 'metric!=bootstrap_files_held')).toEqual(['newcomers bootstrap_files_ms', 'newcomers bootstrap_log_ms'])
    expect(await by('peers_before!=6', 'metric=rss_bytes')).toEqual(['peers rss_bytes'])
    expect((await ask([], 'instance=3', 'metric=converged', 'folder=two')).chosen).toBe(1)
    expect((await ask([], 'case=replication', 'folder=three.tgz')).chosen).toBe(344)
  })

  it('of several runners are told to be in one line, unless they are kept apart', async () => {
    expect((await ask(['group'])).warnings.join('\n')).toContain('Rows of several values of runner (local, unknown) are in one line: add --by runner')
    expect((await ask(['folder'])).warnings.join('\n')).not.toContain('in one line')
  })

  it('that are none are counted and named, with a negative time beside them', async () => {
    const folder = await wholeFolder()
    await appendFile(join(folder, 'instances/main/peers/2/results.out'), `nonsense\n${row('replication_file_ms', { value: -4 })}${row('rss_bytes', { other: 1 })}`)
    const { unparsed, complete, warnings } = await query(folder, ['group'])
    expect({ unparsed, complete }).toEqual({ unparsed: 1, complete: false })
    expect(warnings).toEqual([
      'instances/main/peers/2/results.out:53 is no row, for it is no JSON: it is left out.',
      '1 rows of replication_file_ms have no value, or a time below zero, and are left out.',
      '1 rows of rss_bytes have no value, or a time below zero, and are left out.'
    ])
    await rm(folder, { recursive: true })
  })

  it('can be passed on one by one, with the keys that are wanted', async () => {
    const seen = new Set<string>()
    await selectRows(study, { where: parseConditions(['metric=converged']), keys: ['seed', 'group'] }, ({ reading, values }) => { seen.add(`${values.join()} ${reading.value}`) })
    expect([...seen].sort()).toEqual([',peers 1', '12,peers 1', '7,peers 1'])
  })
})

describe('what cannot be asked', () => {
  it.for([['a', '"a" is no condition'], ['=b', '"=b" is no condition'], ['!=b', '"!=b" is no condition']])('%s is refused', ([text, message]) => {
    expect(() => parseConditions([text!])).toThrow(message)
  })

  it('is a key that no row has, and the keys that there are stand beside it', async () => {
    await expect(ask(['regin'])).rejects.toThrow(/^No row has the key "regin": use one of metric, run, .*commit, bytes, cid, .*region, sync\.$/)
    await expect(ask([], 'regin=a')).rejects.toThrow('No row has the key "regin"')
  })

  it('is a folder without runs', async () => {
    const empty = join(study, 'empty')
    await mkdir(empty)
    await expect(query(empty, [])).rejects.toThrow(`${empty} holds no run folder`)
    await expect(query(join(study, 'gone'), [])).rejects.toThrow('it is not there')
  })
})
