import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readCosts } from './costs.ts'
import { costOfEvent, measureCosts } from './measure-costs.ts'
import { measureCrypto, middle } from './measure-crypto.ts'

let directory: string
beforeEach(async () => { directory = await mkdtemp(join(tmpdir(), 'peerslab-costs-test-')) })
afterEach(async () => { await rm(directory, { recursive: true, force: true }) })

const measure = (file: string, signal = new AbortController().signal) =>
  measureCosts({ file, workingDirectory: directory, progress: process.stderr, signal })

describe('the cost of an event', () => {
  it('is what the longer run did more, without its cryptography, for each event that it had more', () => {
    const short = { cpuMs: 1_000, chargedMs: 50, events: 4_000 }
    expect(costOfEvent(short, { cpuMs: 3_100, chargedMs: 150, events: 14_000 })).toBe(0.2)
  })

  it('is never below nothing', () => {
    expect(costOfEvent({ cpuMs: 1_000, chargedMs: 0, events: 1 }, { cpuMs: 900, chargedMs: 0, events: 2 })).toBe(0)
  })

  it('is the middle one of the rounds', () => {
    expect(middle([9, 1, 100, 4, 3])).toBe(4)
  })
})

it('costs of cryptography are above zero, and make a table that can be read', async () => {
  const costs = { eventMs: 1, ...measureCrypto() }
  expect(Object.values(costs).every((ms) => ms > 0)).toBe(true)
  const file = join(directory, 'costs.json')
  await writeFile(file, JSON.stringify(costs))
  expect(await readCosts(file)).toEqual(costs)
})

describe('where no table can be written', () => {
  it.each([['missing/costs.json', 'ENOENT'], ['.', 'EISDIR'], ['file/costs.json', 'ENOTDIR']])('%s is refused before anything is measured', async (file, code) => {
    await writeFile(join(directory, 'file'), '')
    await expect(measure(file)).rejects.toThrow(
      `the table of costs cannot be written to ${file} (${code}); name a file in a directory that can be written`)
  })

  it('an interruption leaves nothing behind', async () => {
    expect(await measure('costs.json', AbortSignal.abort())).toBeUndefined()
    expect(await readdir(directory)).toEqual([])
  })
})
