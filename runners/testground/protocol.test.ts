import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { pack } from 'tar-stream'
import { describe, expect, it } from 'vitest'
import { unpack } from './archive.ts'
import { readChunks } from './chunks.ts'
import { unzip } from './fake-daemon.test-helper.ts'
import { observe, readLogLine, splitLines } from './log.ts'
import { zip } from './zip.ts'
import type { Observed } from './log.ts'

async function chunksOf (...pieces: Array<string | Buffer>): Promise<unknown[]> {
  return Array.fromAsync(readChunks(Readable.from(pieces)))
}

describe('messages of the daemon', () => {
  const text = '{"t":112,"p":"aGkK"}{"t":98,"p":"AQI="}\n{"t":114,"p":{"a":"} \\\\\\" {","b":[1]}}{"t":101,"e":{"m":"ünder"}}'
  const whole = [
    { kind: 'progress', bytes: Buffer.from('hi\n') },
    { kind: 'binary', bytes: Buffer.from([1, 2]) },
    { kind: 'result', value: { a: '} \\" {', b: [1] } },
    { kind: 'error', message: 'ünder' }
  ]

  it('are read wherever the stream is cut, through letters of several bytes too', async () => {
    const bytes = Buffer.from(text)

    for (let size = 1; size < 8; size++) {
      const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size))
      expect(await chunksOf(...pieces)).toEqual(whole)
    }
  })

  it.each([
    ['a page', '<html>'], ['no object', '"hello"'], ['another kind', '{"t":120,"p":1}'], ['no text', '{"t":112,"p":7}'], ['no JSON', '{t:112}']
  ])('that are %s are refused', async (_, answer) => {
    await expect(chunksOf(answer)).rejects.toThrow(/does not speak the protocol of Testground v0\.6\.0; it said /)
  })

  it('that are cut short are none', async () => {
    expect(await chunksOf('{"t":114,"p":tr')).toEqual([])
  })
})

describe('an archive of the plan', () => {
  it('holds what was packed, under the same names', async () => {
    const files = new Map([['a.txt', Buffer.from('a'.repeat(100_000))], ['files/0-ü/empty', Buffer.alloc(0)]])
    const archive = await buffer(Readable.from(zip([...files].map(([name, content]) => ({ name, read: () => Promise.resolve(content) })))))
    expect(unzip(archive)).toEqual(files)
    expect(archive.length).toBeLessThan(1_000)
  })

  it('refuses more files than the format can count', async () => {
    const entries = Array.from({ length: 65_536 }, (_, i) => ({ name: String(i), read: () => Promise.resolve(Buffer.alloc(0)) }))
    await expect(zip(entries).next()).rejects.toThrow('at most 65535 files, not 65536')
  })
})

describe('an archive of a run', () => {
  const run = { id: 'default', totalInstances: 1, groups: [{ id: 'peers', count: 1, params: {} }] }

  it.each([
    ['bytes', { bytesMax: 999, filesMax: 9 }, 'the archive of task t holds more than 999 bytes, the most that is taken'],
    ['files', { bytesMax: 9_999, filesMax: 1 }, 'the archive of task t holds more than 1 files, the most that is taken']
  ])('with too many %s is refused', async (_, limits, sentence) => {
    const tar = pack()
    tar.entry({ name: 't/peers/0/a' }, 'a'.repeat(500))
    tar.entry({ name: 't/peers/0/b' }, 'b'.repeat(500))
    tar.finalize()
    const directory = await mkdtemp(join(tmpdir(), 'peerslab-archive-'))
    const archive = Readable.from([gzipSync(Buffer.concat(await Array.fromAsync(tar as AsyncIterable<Buffer>)))])
    const unpacking = unpack({ archive, run, taskId: 't', instanceDirectory: () => directory, limits, signal: new AbortController().signal })
    await expect(unpacking).rejects.toThrow(sentence)
    await rm(directory, { recursive: true })
  })
})

describe('the log', () => {
  it('is read line by line, however it comes', () => {
    const lines: string[] = []
    const add = splitLines((line) => { lines.push(line) })
    const bytes = Buffer.from('eins\nzwö\ndrei')
    bytes.forEach((_, i) => { add(bytes.subarray(i, i + 1)) })
    expect(lines).toEqual(['eins', 'zwö'])
  })

  it.each([
    ['what the daemon does', 'T\t\x1b[34mINFO\x1b[0m\tstarting run\t{"run_id": "x"}', { kind: 'daemon', text: 'starting run', isProblem: false }],
    ['what went wrong', 'T\tWARN\trun finished in error\t{"error": "no image"}', { kind: 'daemon', text: 'run finished in error: no image', isProblem: true }],
    ['an instance', 'T\tINFO\t1.0020s       FAIL << peers[007] (a1b2c3) >> not converged',
      { kind: 'instance', name: 'peers/7', heading: 'FAIL', text: 'not converged' }],
    ['an end', 'T\tINFO\tcontainer exited\t{"id": "a", "group": "peers", "group_index": 3, "status": 137}', { kind: 'exit', name: 'peers/3', exitCode: 137 }],
    ['the rest of a longer text', '    at run (file.js:1)', undefined]
  ])('tells of %s', (_, line, read) => {
    expect(readLogLine(line)).toEqual(read)
  })

  it('keeps the last lines that an instance wrote, and the sentence that it ended with', () => {
    const observed = new Map<string, Observed>()

    for (let i = 0; i < 25; i++) {
      observe(observed, { kind: 'instance', name: 'peers/0', heading: i % 2 === 0 ? 'ERROR' : 'OTHER', text: `${i}${'x'.repeat(600)}` })
    }

    for (const text of ['goroutine 23 [running]:', 'no memory', 'file already closed']) {
      observe(observed, { kind: 'instance', name: 'peers/0', heading: 'CRASH', text })
    }

    const { event, lastLines } = observed.get('peers/0')!
    expect(event).toEqual({ kind: 'crash', error: 'no memory' })
    expect(lastLines).toHaveLength(20)
    expect(lastLines.at(-1)).toBe(`24${'x'.repeat(498)}`)
  })
})
