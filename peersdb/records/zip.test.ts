import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { storedZip } from './zip.ts'
import { sha256, unzipStored } from './zip.test-helper.ts'

const text = (content: string): Uint8Array => new TextEncoder().encode(content)

describe('storedZip', () => {
  it('gives these bytes for these entries, whatever their order', () => {
    const a = { name: 'rec/report.json', bytes: text('{}') }
    const b = { name: 'rec/sar.csv', bytes: text('timestamp\n') }
    const archive = storedZip([b, a])
    expect(Buffer.compare(archive, storedZip([a, b]))).toBe(0)
    expect(archive.length).toBe(22 + 2 * 76 + 2 * (a.name.length + b.name.length) + a.bytes.length + b.bytes.length)
    expect(sha256(archive)).toBe('8987dd9d6efa8af4ae412bc049bf1b66a8bbbb5acb5aee7c20fc45f5f5c64617')
  })

  it('can be read back, checksums and all', () => {
    const entry = fc.record({ name: fc.string({ minLength: 1, unit: 'grapheme' }), bytes: fc.uint8Array({ maxLength: 300 }) })
    fc.assert(fc.property(fc.uniqueArray(entry, { selector: ({ name }) => Buffer.from(name).toString(), maxLength: 6 }), (entries) => {
      const read = unzipStored(storedZip(entries))
      expect(read.size).toBe(entries.length)
      for (const { name, bytes } of entries) expect(Buffer.compare(read.get(Buffer.from(name).toString()) ?? text('missing'), bytes)).toBe(0)
    }))
  })

  it('refuses two entries of one name', () => {
    expect(() => storedZip([{ name: 'a', bytes: text('1') }, { name: 'a', bytes: text('2') }])).toThrow('cannot hold "a" twice')
  })
})
