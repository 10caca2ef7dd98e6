import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createFileRecorder, formatRow } from './recorder.ts'

describe('a row', () => {
  it('is one line of JSON in Testground\'s form, with nanoseconds that no number could hold', () => {
    expect(formatRow(1795371448511.9, 'rss_bytes', 5)).toBe('{"ts":1795371448511000000,"type":"point","name":"rss_bytes","measures":{"value":5}}\n')
  })

  it('carries its tags in its name, in their order, and further measures beside the value', () => {
    const row = JSON.parse(formatRow(1, 'link_rtt_ms', 1.5, { from: 'east', peers: 3 }, { asked: 2 })) as object
    expect(row).toMatchObject({ name: 'link_rtt_ms,from=east,peers=3', measures: { value: 1.5, asked: 2 } })
  })

  it('keeps what would separate tags out of them', () => {
    const { name } = JSON.parse(formatRow(1, 'converged', 1, { region: 'a,b=c d\n"e"' })) as { name: string }
    expect(name).toBe('converged,region=a_b_c_d_"e"')
  })
})

describe('a file recorder', () => {
  it('leaves an empty file before its first row, and then appends rows with the tags that all have', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'peerslab-recorder-'))

    try {
      const recorder = createFileRecorder(directory, { message: () => {}, warning: () => {} })
      const names = async (): Promise<string[]> => (await readFile(join(directory, 'results.out'), 'utf8')).split('\n').slice(0, -1)
        .map((line) => (JSON.parse(line) as { name: string }).name)
      expect(await names()).toEqual([])
      recorder.metric('start_ms', 1)
      recorder.tag({ region: 'east' })
      recorder.metric('converged', 1)
      recorder.flush()
      recorder.metric('bytes_sent', 1, { region: 'its own', to: 'west' })
      recorder.flush()
      recorder.flush()
      expect(await names()).toEqual(['start_ms', 'converged,region=east', 'bytes_sent,region=its_own,to=west'])
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  })
})
