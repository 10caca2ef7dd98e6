import { channel } from 'node:diagnostics_channel'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SimulatedConnection } from '../../network/simulated-connection.ts'
import { streamChannel } from '../../plans/index.ts'
import { watchMessages, writeMessages } from './messages.ts'
import type { StreamEvent } from '../../plans/index.ts'
import type { Message } from './messages.ts'

/** One end of a simulated connection, of which only the place is asked. */
function end (number: number, local: string, remote: string): SimulatedConnection {
  return Object.create(SimulatedConnection.prototype, { place: { value: { number, local, remote } } }) as SimulatedConnection
}

function tell (connection: StreamEvent['connection'], id: string, way: StreamEvent['way'], bytes: number): void {
  channel(streamChannel).publish({ connection, stream: { id, protocol: '/test/1.0.0' }, way, data: new Uint8Array(bytes) } satisfies StreamEvent)
}

const sizes = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 20 })

/** How many bytes come at once, until as many as were sent have come. */
function cut (totalBytes: number, cuts: readonly number[]): number[] {
  const pieces: number[] = []

  for (let left = totalBytes, i = 0; left > 0; i++) {
    const piece = Math.min(left, cuts[i % cuts.length] ?? left)
    pieces.push(piece)
    left -= piece
  }

  return pieces
}

describe('the messages of streams', () => {
  it('are whole when their last byte has come, however they were cut and joined', () => {
    fc.assert(fc.property(sizes, sizes, (sent, cuts) => {
      let nowMs = 0
      const ended: Message[] = []
      const stop = watchMessages({ nowMs: () => nowMs, nameOf: (instance) => `peers/${instance}`, onEnd: (message) => ended.push(message) })
      const [here, there] = [end(1, '0', '1'), end(1, '1', '0')]
      sent.forEach((bytes) => {
        tell(here, 'a', 'sent', bytes)
        // Another stream, another connection and the other direction are apart.
        tell(here, 'b', 'sent', 1)
        tell(end(2, '0', '1'), 'a', 'sent', 1)
        tell(there, 'a', 'sent', 1)
      })
      let arrivedBytes = 0
      const arrivedAtMs = cut(sent.reduce((sum, bytes) => sum + bytes), cuts).map((bytes) => {
        nowMs++
        tell(there, 'a', 'received', bytes)
        return arrivedBytes += bytes
      })
      expect(ended.map(({ bytes, sentMs, receivedMs, from, to }) => [bytes, sentMs, receivedMs, from, to])).toEqual(sent.map((bytes, i) => {
        const lastByte = sent.slice(0, i + 1).reduce((sum, size) => sum + size)
        return [bytes, 0, 1 + arrivedAtMs.findIndex((arrived) => arrived >= lastByte), 'peers/0', 'peers/1']
      }))
      stop()
      expect(ended).toHaveLength(4 * sent.length)
      // Nobody listens any more.
      tell(here, 'c', 'sent', 1)
      tell(there, 'c', 'received', 1)
      expect(ended).toHaveLength(4 * sent.length)
    }))
  })

  it('become lines in the order in which they came, at last those that did not', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'peerslab-messages-'))
    let nowMs = 0.25
    const close = writeMessages(join(directory, 'run', 'messages.csv'), { nowMs: () => nowMs, nameOf: (instance) => `peers/${instance}` })
    tell(end(1, '0', '1'), 'a', 'sent', 10)
    tell(end(1, '1', '0'), 'a', 'sent', 20)
    nowMs = 10
    tell(end(1, '0', '1'), 'a', 'received', 20)
    tell(end(1, '1', '0'), 'a', 'received', 9)
    close()
    tell(end(1, '0', '1'), 'a', 'sent', 10)
    expect(await readFile(join(directory, 'run', 'messages.csv'), 'utf8')).toBe([
      'sent_ms,received_ms,from,to,protocol,bytes',
      '0.250,10.000,peers/1,peers/0,/test/1.0.0,20',
      '0.250,,peers/0,peers/1,/test/1.0.0,10',
      ''
    ].join('\n'))
    await rm(directory, { recursive: true })
  })
})
