import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { outcomeRecord, peerRows, runRecord, wholeFolder, writeInstance } from './folder.test-helper.ts'
import { compareRepeat, repeatText } from './repeat.ts'

let earlier: string
let later: string
beforeEach(async () => { [earlier, later] = [await wholeFolder(), await wholeFolder()] })
afterEach(async () => {
  await rm(earlier, { recursive: true })
  await rm(later, { recursive: true })
})

describe('a run that repeats another', () => {
  it('is the same, byte by byte, where nothing differs', async () => {
    const repeat = await compareRepeat(earlier, later)
    expect(repeat).toMatchObject({ surroundings: [], outcome: [], isSameBytes: true })
    expect(repeatText(repeat).split('\n').slice(1)).toEqual(['surroundings: the same', 'outcome: the same', 'rows: the same, byte by byte', ''])
  })

  it('says what it ran on and with that differs, each library and parameter by its name', async () => {
    await writeFile(join(later, 'run.json'), JSON.stringify({
      ...runRecord(), seed: 8, dirty: true, host: { cpus: 4 }, versions: { node: '24.1.0', libp2p: '3.4.0' }, lockFileSha256: 'f'.repeat(64),
      runs: [{ id: 'main', groups: [{ id: 'peers', count: 6, params: { sync: 'stock' } }, { id: 'newcomers', count: 2, params: {} }] }]
    }))
    expect((await compareRepeat(earlier, later)).surroundings.sort()).toEqual([
      'commit (abc against abc with changes)', 'host cpus (2 against 4)', 'libp2p (unknown against 3.4.0)', 'lock file (unknown against ffffffffffff)',
      'node (24.0.0 against 24.1.0)', 'seed (7 against 8)', 'sync (unknown against stock)'
    ])
  })

  it('says which instances ended in another way, and how far each metric is off', async () => {
    const outcome = outcomeRecord()
    Object.assign(outcome, { verdict: 'fail' })
    Object.assign(outcome.runs[0]?.instances[2] ?? {}, { outcome: 'crash' })
    await writeFile(join(later, 'outcome.json'), JSON.stringify(outcome))
    for (let peer = 0; peer < 6; peer++) await writeInstance(later, 'peers', peer, peerRows(peer).replace(/"value":(\d+)/g, (_, value: string) => `"value":${2 * Number(value)}`))
    const repeat = await compareRepeat(earlier, later)
    expect(repeat.outcome).toEqual(['verdict (pass against fail)', 'instance main/peers/2 (success against crash)'])
    const text = repeatText(repeat)
    expect(text).toMatch(/\n {2}replication_entry_ms +\d+(\.\d)? ms +\d+(\.\d)? ms +\+100\.0 %\n/)
    expect(text).toMatch(/\n {2}bootstrap_log_ms +900 ms +900 ms +\+0\.0 %\n/)
    expect(text).toContain('One run of each: a change here may be chance.')
  })
})
