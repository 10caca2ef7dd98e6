import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { analyze } from './index.ts'
import { archiveOf, collectedMembers, membersOf, wholeFolder } from './folder.test-helper.ts'
import { readRunFolder, readRunRecord } from './read.ts'
import type { ArchiveMember } from './folder.test-helper.ts'

let directory: string
beforeEach(async () => { directory = await mkdtemp(join(tmpdir(), 'peerslab-archive-')) })
afterEach(async () => { await rm(directory, { recursive: true, force: true }) })

async function archive (members: readonly ArchiveMember[] | Promise<ArchiveMember[]>, name = 'task.tgz'): Promise<string> {
  const file = join(directory, name)
  await writeFile(file, await archiveOf(await members))
  return file
}

const failing = async (path: string): Promise<Error> => await readRunFolder(path).then(() => { throw new Error('nothing was thrown') }, (error: unknown) => error as Error)
const collected = (): Promise<ArchiveMember[]> => collectedMembers(() => 'success_event')

describe('an archive that Testground collected', () => {
  it('is read like a run folder, with case, groups, parameters and verdict from what the instances said', async () => {
    const read = await readRunFolder(await archive(collected()))
    expect(read).toMatchObject({ complete: true, unparsed: 0, problems: [], outcome: { verdict: 'pass', reason: '8 of 8 instances said that they succeeded' } })
    expect(read.rows).toHaveLength(344)
    expect(read.notes).toEqual([expect.stringContaining('has no run.json, as Testground leaves it')])
    expect(read.run).toMatchObject({
      plan: 'peersdb', case: 'replication', startedAt: '2026-11-28T09:44:25.000Z', endedAt: '2026-11-28T09:44:37.000Z',
      runs: [{ id: 'c7', groups: [{ id: 'newcomers', count: 2, params: { sync: 'fast' } }, { id: 'peers', count: 6 }] }]
    })
    expect(await readRunRecord(join(directory, 'task.tgz'))).toEqual(read.run)
  })

  it('is analysed into a folder beside it', async () => {
    const analysis = await analyze(await archive(collected()), { forms: [] })
    expect(analysis).toMatchObject({ rows: 344, complete: true, report: join(directory, 'task.analysis', 'report.html') })
    expect((await readdir(directory)).sort()).toEqual(['task.analysis', 'task.tgz'])
    expect(analysis.table).toContain('peersdb replication · 2 newcomers, 6 peers · 12 s')
  })

  it('is no pass where an instance failed, said no end, or is not there', async () => {
    const verdictOf = async (members: ArchiveMember[]): Promise<unknown> => (await readRunFolder(await archive(members))).outcome
    expect(await verdictOf(await collectedMembers((_, index) => index === 1 ? 'failure_event' : 'success_event'))).toMatchObject({ verdict: 'fail' })
    expect(await verdictOf(await collectedMembers((_, index) => index === 5 ? undefined : 'success_event'))).toMatchObject({ verdict: 'unknown' })
    expect(await verdictOf((await collected()).filter(({ name }) => !name.startsWith('c7/newcomers/')))).toMatchObject({ verdict: 'unknown' })
  })

  it('keeps what comes before the place where it is cut short', async () => {
    const whole = await readFile(await archive(collected()))
    const unpacked = gunzipSync(whole)
    const cut = join(directory, 'cut.tar')
    await writeFile(cut, unpacked.subarray(0, unpacked.length / 2))
    const read = await readRunFolder(cut)
    expect(read.complete).toBe(false)
    expect(read.rows.length).toBeGreaterThan(50)
    expect(read.problems.join('\n')).toMatch(/The archive is cut short or broken behind \d+ members/)
    await writeFile(join(directory, 'cut.tgz'), whole.subarray(0, 40))
    expect((await failing(join(directory, 'cut.tgz'))).message).toContain('is no archive of a run')
  })
})

describe('an archive of a run folder', () => {
  it('gives what the folder gives', async () => {
    const folder = await wholeFolder()
    for (const before of ['', './', 'quick/20260101T000000Z-abc/']) {
      const { rows, run, outcome, problems, notes } = await readRunFolder(await archive(membersOf(folder, before)))
      const read = await readRunFolder(folder)
      const key = (row: object): string => JSON.stringify(row)
      expect({ run, outcome, problems, notes }).toEqual({ run: read.run, outcome: read.outcome, problems: [], notes: [] })
      expect(rows.map(key).sort()).toEqual(read.rows.map(key).sort())
    }
    await rm(folder, { recursive: true })
  })

  it('brings along the sequence of a contribution', async () => {
    const text = 'sent_ms,received_ms,from,to,protocol,bytes,what\n1.000,2.500,peers/0,peers/1,/a/1.0.0,10,want\n'
    const folder = await wholeFolder()
    const members = [...await membersOf(folder), { name: 'instances/main/sequence.csv', text }]
    expect((await readRunFolder(await archive(members))).sequences).toMatchObject([{ run: 'main', messages: [{ receivedMs: 2.5 }] }])
    await rm(folder, { recursive: true })
  })
})

describe('an archive that is not what it says', () => {
  const rows = { name: 'c7/peers/0/results.out', text: '' }

  it.for<[string, ArchiveMember[], string]>([
    ['a path that climbs out', [rows, { name: 'c7/peers/../../../etc/results.out', text: '' }], '"c7/peers/../../../etc/results.out", a path that leads out of it'],
    ['an absolute path', [{ name: '/etc/passwd', text: 'x' }], '"/etc/passwd", a path that leads out of it'],
    ['a path with backslashes', [{ name: '..\\..\\x', text: 'x' }], 'a path that leads out of it'],
    ['nothing of a run', [{ name: 'notes.txt', text: 'x' }], 'holds no <run>/<group>/<number>/results.out'],
    ['no member at all', [], 'is no archive of a run'],
    ['two run folders', [{ name: 'a/run.json', text: '{}' }, { name: 'b/run.json', text: '{}' }], 'the outputs of several run folders'],
    ['instances in two places', [{ name: 'a/c7/peers/0/results.out', text: '' }, { name: 'b/c7/peers/0/results.out', text: '' }], 'the outputs of several run folders'],
    ['a record of 40 MB', [{ name: 'run.json', text: ' '.repeat(40 << 20) }], 'of 41943040 bytes, where 33554432 are the most']
  ])('%s is refused in one sentence', async ([, members, message]) => {
    const error = await failing(await archive(members))
    expect(error.name).toBe('ArchiveError')
    expect(error.message).toContain(message)
    expect(error.message.split('\n')).toHaveLength(1)
  })

  it('is not followed where a member is a link, and says so', async () => {
    const links = Array.from({ length: 9 }, (_, index) => ({ name: `c7/peers/${index + 1}/results.out`, linkname: '/etc/passwd' }))
    const { problems, instances } = await readRunFolder(await archive([rows, ...links]))
    expect(instances).toHaveLength(1)
    expect(problems).toContain('c7/peers/1/results.out is a link and is not followed.')
    expect(problems).toContain('The archive has 6 more members that are passed over for such reasons.')
  })

  it('is refused where it is empty, no archive, or not there', async () => {
    await writeFile(join(directory, 'empty.tgz'), '')
    await writeFile(join(directory, 'text.tgz'), 'no archive '.repeat(100))
    expect((await failing(join(directory, 'empty.tgz'))).message).toContain('is empty and no archive of a run')
    expect((await failing(join(directory, 'text.tgz'))).message).toContain('is no archive of a run')
    expect((await failing(join(directory, 'gone.tgz'))).message).toContain('There is no run folder')
  })
})
