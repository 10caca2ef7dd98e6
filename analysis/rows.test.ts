import { describe, expect, it } from 'vitest'
import { parseName, parseRow, plain } from './rows.ts'

const from = { run: 'main', group: 'peers', index: 3 }

describe('the name of a row', () => {
  it('is the metric alone, or with tags', () => {
    expect(parseName('rss_bytes')).toEqual({ metric: 'rss_bytes', tags: {} })
    expect(parseName('replication_entry_ms,from=asia-east2,cid=bafy')).toEqual({ metric: 'replication_entry_ms', tags: { from: 'asia-east2', cid: 'bafy' } })
  })

  it('keeps an equals sign inside a value, and an empty value', () => {
    expect(parseName('m,a=b=c,d=')).toEqual({ metric: 'm', tags: { a: 'b=c', d: '' } })
  })

  it.each([['', 'without a metric'], [',a=b', 'without a metric'], ['m,tag', 'without "="'], ['m,=v', 'without "="'], ['m'.repeat(5000), '5000 characters']])('%#: refuses what is none', (name, reason) => {
    expect(parseName(name)).toContain(reason)
  })

  it('does not let a tag reach the prototype', () => {
    const parsed = parseName('m,__proto__=x')
    expect(Object.keys((parsed as { tags: object }).tags)).toEqual(['__proto__'])
    expect(({} as { x?: string }).x).toBeUndefined()
  })
})

describe('a row', () => {
  it('is read with nanoseconds beyond 2^53', () => {
    const row = parseRow('{"ts":1795363876681000123,"type":"point","name":"m,region=r","measures":{"value":1.5}}', from)
    expect(row).toEqual({ ...from, metric: 'm', tags: { region: 'r' }, measures: { value: 1.5 }, ts: 1795363876681000100 })
  })

  it.each([
    ['{"name":"m","measures":{"val', 'no JSON'],
    ['[1]', 'no JSON object'],
    ['{"measures":{}}', 'no name'],
    ['{"name":"m"}', 'no measures'],
    ['{"name":"m","measures":{"value":null}}', '"value" is no finite number'],
    ['{"name":"m","measures":{"value":"3"}}', '"value" is no finite number'],
    ['{"name":"m","measures":{"value":1e999}}', '"value" is no finite number']
  ])('%s: says why it is none', (line, reason) => {
    expect(parseRow(line, from)).toContain(reason)
  })
})

it('makes visible what would steer a terminal or break an SVG', () => {
  expect(plain('a\u001b[31mb\u202ec\ud800')).toBe('a\ufffd[31mb\ufffdc\ufffd')
})
