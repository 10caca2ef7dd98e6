import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRowParser, parseReading, tagOf, timeOf } from './readings.ts'
import { createIntern, parseRow } from './rows.ts'
import type { Reading } from './readings.ts'

const from = { run: 'main', group: 'peers', index: 3 }
const read = (line: string): Reading => parseReading(line, from, createIntern()) as Reading
/** A reading, its time as a row has it. */
const parse = (line: string): unknown => {
  const reading = parseReading(line, from, createIntern())
  return typeof reading === 'string' ? reading : { ...reading, ts: timeOf(reading) }
}

/** What the long way says of the same line. */
function expected (line: string): unknown {
  const row = parseRow(line, from)
  if (typeof row === 'string') return row
  const { tags, measures, ...rest } = row
  const text = Object.entries(tags).map(([tag, value]) => `,${tag}=${value}`).join('')
  return { ...rest, tags: text, value: measures.value ?? NaN, censored: (measures.censored ?? 0) !== 0 }
}

describe('a reading', () => {
  it.for([
    '{"ts":1767225783894000123,"type":"point","name":"converged,region=asia-east2","measures":{"value":1}}',
    '{"ts":1,"type":"point","name":"replication_entry_ms,from=a,region=b,cid=bafy,bytes=2","measures":{"value":12.25,"censored":1}}',
    '{"ts":1,"type":"point","name":"x","measures":{"value":-1.5e-7,"censored":0}}',
    '{"ts":1,"type":"point","name":"x,tag=","measures":{"value":0}}',
    '{"ts":1,"type":"point","name":"x,__proto__=a,tag=b","measures":{"value":2,"censored":0}}',
    '{"ts":1,"type":"point","name":"x,__proto__=a,tag=b","measures":{"value":2}}',
    '{"ts":1,"type":"point","name":"x,tag=a=b","measures":{"value":0}}',
    '{"ts":1,"type":"point","name":"x","measures":{"value":1,"of":30}}',
    '{"ts":1,"type":"point","name":"x","measures":{"of":30}}',
    '{"ts":1,"type":"point","name":"x,umlaut=\u00fc\\n","measures":{"value":1}}',
    '{"ts":1,"type":"point","name":" ,a=b","measures":{"value":1}}',
    '{"ts":1,"type":"point","name":"x,=b","measures":{"value":1}}',
    '{"ts":1,"type":"point","name":"x,b","measures":{"value":1}}',
    '{"ts":1,"type":"point","name":"x","measures":{"value":01}}',
    '{"ts":1,"type":"point","name":"x","measures":{"value":NaN}}',
    '{"ts":1,"type":"point","name":"x","measures":{"value":1e999}}',
    '{"ts":1,"type":"point","name":"x","measures":{"value":1}',
    `{"ts":1,"type":"point","name":"${'x'.repeat(5000)}","measures":{"value":1}}`
  ])('is what the row of JSON is, of %s', (line) => {
    expect(parse(line)).toEqual(expected(line))
    const parseLine = createRowParser()
    expect([parseLine(line, from), parseLine(line, from)]).toEqual([parseRow(line, from), parseRow(line, from)])
  })

  it('is that for any name and number', () => {
    fc.assert(fc.property(fc.string(), fc.double(), fc.integer({ min: 0 }), (name, value, ts) => {
      const line = JSON.stringify({ ts, type: 'point', name: `m,t=${name}`, measures: { value } })
      expect(parse(line)).toEqual(expected(line))
      expect(createRowParser()(line, from)).toEqual(parseRow(line, from))
    }))
  })

  it('gives the value of a tag, and not of one whose name ends alike', () => {
    const reading = read('{"ts":1,"type":"point","name":"x,sub_region=a,region=b,from=c","measures":{"value":1}}')
    expect([tagOf(reading, 'region'), tagOf(reading, 'from'), tagOf(reading, 'to')]).toEqual(['b', 'c', undefined])
  })
})
