import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { differingFiles, firstDivergence } from './compare-runs.ts'

let directory: string
beforeEach(async () => { directory = await mkdtemp(join(tmpdir(), 'peerslab-compare-')) })
afterEach(async () => { await rm(directory, { recursive: true, force: true }) })

async function folder (name: string, files: Readonly<Record<string, string>>): Promise<string> {
  for (const [file, content] of Object.entries(files)) {
    const path = join(directory, name, 'instances', file)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, content)
  }

  return join(directory, name)
}

const summary = (fields: object): string => JSON.stringify({ events: 5, traceSha256: 'ab', wallMs: 1, cpuMs: 1, rssBytes: 1, ...fields })
const files = { 'default/peers/0/results.out': 'row\n', 'default/simulation.json': summary({}) }

describe('two run folders', () => {
  it('are the same but for what the real clock and memory decide, and for traces', async () => {
    const first = await folder('a', files)
    const second = await folder('b', { ...files, 'default/simulation.json': summary({ wallMs: 2, cpuMs: 4, rssBytes: 3 }), 'default/trace.txt': 'event\n' })
    expect(await differingFiles(first, second)).toEqual([])
  })

  it.each<[string, Readonly<Record<string, string>>, string[]]>([
    ['a row', { ...files, 'default/peers/0/results.out': 'other\n' }, ['default/peers/0/results.out']],
    ['the trace', { ...files, 'default/simulation.json': summary({ traceSha256: 'cd' }) }, ['default/simulation.json']],
    ['a file more', { ...files, 'default/peers/1/run.out': '' }, ['default/peers/1/run.out']],
    ['a file less', { 'default/simulation.json': summary({}) }, ['default/peers/0/results.out']]
  ])('differ by %s', async (_, other, differing) => {
    const [first, second] = [await folder('a', files), await folder('b', other)]
    expect(await differingFiles(first, second)).toEqual(differing)
    expect(await differingFiles(second, first)).toEqual(differing)
  })
})

describe('two traces', () => {
  const traceOf = async (name: string, events: readonly string[]): Promise<string> => {
    const file = join(directory, name)
    await writeFile(file, events.map((event) => `${event}\n`).join(''))
    return file
  }
  const events = Array.from({ length: 20 }, (_, i) => `event ${i + 1}`)

  it('that are equal do not diverge', async () => {
    expect(await firstDivergence(await traceOf('a', events), await traceOf('b', events))).toBeUndefined()
  })

  it('diverge at the first event that is not the same, with what came before it', async () => {
    expect(await firstDivergence(await traceOf('a', events), await traceOf('b', events.with(12, 'another').with(15, 'third')))).toEqual({
      event: 13, first: 'event 13', second: 'another', before: ['event 8', 'event 9', 'event 10', 'event 11', 'event 12']
    })
  })

  it('diverge where one of them ends', async () => {
    expect(await firstDivergence(await traceOf('a', events.slice(0, 2)), await traceOf('b', events))).toMatchObject({
      event: 3, first: 'the end', second: 'event 3'
    })
  })
})
