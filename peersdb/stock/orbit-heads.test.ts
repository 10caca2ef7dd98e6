import * as dagCbor from '@ipld/dag-cbor'
import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import { expect, it } from 'vitest'
import { splitCbor } from './orbit-heads.ts'

const link = CID.parse('bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku')
const value = fc.letrec<{ any: unknown }>((tie) => ({
  any: fc.oneof(
    { depthSize: 'small' },
    fc.string({ maxLength: 300 }), fc.integer(), fc.maxSafeInteger(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(),
    fc.constant(null), fc.uint8Array({ maxLength: 300 }), fc.constant(link),
    fc.array(tie('any'), { maxLength: 30 }), fc.dictionary(fc.string(), tie('any'), { maxKeys: 30 })
  )
})).any

it('takes apart what was written one after the other', () => {
  fc.assert(fc.property(fc.array(value, { maxLength: 8 }), (values) => {
    const items = values.map((one) => dagCbor.encode(one))
    expect(splitCbor(Buffer.concat(items)).map((bytes) => Buffer.from(bytes))).toEqual(items.map((bytes) => Buffer.from(bytes)))
  }))
})

it('leaves out what is not whole at the end', () => {
  fc.assert(fc.property(value, value, fc.nat(), (first, second, length) => {
    const [whole, cut] = [dagCbor.encode(first), dagCbor.encode(second)]
    const bytes = Buffer.concat([whole, cut.subarray(0, length % cut.byteLength)])
    expect(splitCbor(bytes).map((item) => Buffer.from(item))).toEqual([Buffer.from(whole)])
  }))
})

it('ends with any bytes', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
    expect(Buffer.concat(splitCbor(bytes)).byteLength).toBeLessThanOrEqual(bytes.byteLength)
  }))
  // An array of 2^64 - 1 items.
  expect(splitCbor(Buffer.from('9bffffffffffffffff', 'hex'))).toEqual([])
})
