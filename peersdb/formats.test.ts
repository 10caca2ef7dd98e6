import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { attributeNames, toCsv, toNdjson, toTable } from './formats.ts'
import type { Contribution } from './contribution.ts'

const sort: Contribution = {
  schema: 1, hash: 'zdpu1', cid: 'bafy1', name: 'sort "a", b.json', size: 12, mediaType: 'application/json', contributor: '12D3', createdAt: '2026-01-02T03:04:05.678Z',
  attributes: { workload: 'sort', note: '=1+2' }
}
const grep: Contribution = { ...sort, hash: 'zdpu2', cid: 'bafy2', name: 'grep', attributes: { lines: '-1.5e3', note: '\u001b[2J' } }

async function * some (...contributions: Contribution[]): AsyncGenerator<Contribution> { yield * contributions }
const text = async (parts: AsyncIterable<string>): Promise<string> => (await Array.fromAsync(parts)).join('')

/** Reads RFC 4180, without the conveniences of a real reader. */
function parseCsv (csv: string): string[][] {
  const rows: string[][] = [[]]
  for (const [, quoted, plain = '', end] of csv.matchAll(/(?:"((?:[^"]|"")*)"|([^,"\r\n]*))(,|\r\n)/g)) {
    rows.at(-1)!.push(quoted?.replaceAll('""', '"') ?? plain)
    if (end === '\r\n') rows.push([])
  }
  return rows.slice(0, -1)
}

describe('CSV', () => {
  it('has the columns in a fixed order, with the attributes by name', async () => {
    const csv = await text(toCsv(some(sort, grep), await attributeNames([sort, grep])))

    expect(csv).toBe('cid,name,size,mediaType,contributor,createdAt,attributes.lines,attributes.note,attributes.workload\r\n' +
      'bafy1,"sort ""a"", b.json",12,application/json,12D3,2026-01-02T03:04:05.678Z,,\'=1+2,sort\r\n' +
      'bafy2,grep,12,application/json,12D3,2026-01-02T03:04:05.678Z,-1.5e3,\u001b[2J,\r\n')
  })

  it('gives every text back, but for the apostrophe before a formula', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 5 }), async (values) => {
      const contributions = values.map((value) => ({ ...sort, attributes: { value } }))
      const rows = parseCsv(await text(toCsv(some(...contributions), ['value'])))
      expect(rows.slice(1).map((cells) => cells.at(-1)!.replace(/^'(?=[=+@\t\r-])/, ''))).toEqual(values.map((value) => value.replace(/^'(?=[=+@\t\r-])/, '')))
    }))
  })

  it('leaves no cell that a spreadsheet would run', async () => {
    const hostile = ['=cmd()', '+1+1', '-1+1', '@SUM(A1)', '\t=1', '\r=1']
    const rows = parseCsv(await text(toCsv(some(...hostile.map((name) => ({ ...sort, name }))), [])))
    expect(rows.slice(1).map((cells) => cells[1])).toEqual(hostile.map((name) => `'${name}`))
  })
})

describe('the other formats', () => {
  it('NDJSON holds each contribution exactly', async () => {
    const lines = (await text(toNdjson(some(sort, grep)))).trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line))).toEqual([sort, grep])
  })

  it('the table keeps control characters from the terminal', async () => {
    const table = await text(toTable(some(sort, grep)))
    expect(table).not.toContain('\u001b')
    expect(table.split('\n')[1]).toMatch(/^2026-01-02T03:04:05Z {9}12 {2}sort "a", b\.json {32} workload=sort note==1\+2$/)
  })
})
