import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { digestOf, hex, summaryOf } from './digests.test-helper.ts'
import { decode, encode } from './messages.ts'
import { answer, createClient } from './reconcile.ts'
import { Summary } from './summary.ts'
import type { Message } from './messages.ts'

const text = readFileSync(join(import.meta.dirname, '../../docs/protocol.md'), 'utf8')

/** The bytes of the example with that name. */
function example (name: string): Uint8Array {
  const [, block] = new RegExp(`\`\`\`hex ${name}\n([0-9a-f\\s]+)\`\`\``).exec(text) ?? []
  return new Uint8Array(Buffer.from(block!.replaceAll(/\s/g, ''), 'hex'))
}

describe('the example of docs/protocol.md', () => {
  const client = summaryOf([digestOf('one')])
  const server = summaryOf([digestOf('one'), digestOf('two')])

  it('is what a client asks', () => {
    const message: Message = { type: 'ranges', ranges: [{ prefix: '', ...client.fingerprint('') }] }
    expect(createClient(client).start()).toEqual([message])
    expect(hex(encode(message))).toBe(hex(example('ranges')))
    expect(decode(example('ranges'))).toEqual(message)
  })

  it('is what a server answers, and tells the client what it lacks', () => {
    const asking = createClient(client)
    asking.start()
    expect(answer(server, decode(example('ranges'))).map(encode).map(hex)).toEqual([hex(example('differ'))])
    expect(asking.receive(decode(example('differ')))).toEqual({ send: [], missing: [digestOf('two')], done: true })
  })

  it('is made with the fingerprints that the text names', () => {
    expect(text).toContain(`["", 1, h'${hex(client.fingerprint('').sum)}']`)
    expect(text).toContain(`The sum of an empty range is \`${hex(new Summary().fingerprint('').sum)}\``)
  })
})
