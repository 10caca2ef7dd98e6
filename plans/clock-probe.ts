import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { ClockAddress, ClockOffset } from './context.ts'

/** The fastest of so many round trips counts: whatever delayed the others is not in it. */
const rounds = 40
const timeoutMs = 10_000
const replyBytes = 8

/**
 * Answers each byte with the time on a clock, until the process ends.
 *
 * @param host - the address on the network that is measured over
 */
export async function serveClock (host: string, nowMs: () => number): Promise<ClockAddress> {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => { socket.destroy() })
    socket.on('data', (asked) => {
      const reply = Buffer.alloc(replyBytes)
      reply.writeDoubleBE(nowMs())
      // Who asks waits for each answer; more than one question at once is nobody's.
      socket.write(asked.length === 1 ? reply : '')
    })
  })
  server.listen(0, host)
  await once(server, 'listening')
  server.unref()
  const address = server.address() as { port: number }
  return { host, port: address.port }
}

/**
 * Measures how far a clock elsewhere is ahead of this one, by Cristian's algorithm: the answer was given at some time between question
 * and answer, so that half of the fastest round trip bounds the error, whatever the two ways take.
 *
 * @throws {Error} where nobody answers in time
 */
export async function measureClock ({ host, port }: ClockAddress, nowMs: () => number): Promise<ClockOffset> {
  const socket = connect({ host, port, noDelay: true })
  const timer = setTimeout(() => { socket.destroy(new Error(`it did not answer within ${timeoutMs / 1000} s`)) }, timeoutMs)
  const answers = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>

  try {
    let best: ClockOffset = { offsetMs: NaN, errorMs: Infinity }

    for (let round = 0; round < rounds; round++) {
      const askedMs = nowMs()
      socket.write('?')
      const thereMs = (await readReply(answers)).readDoubleBE()
      const answeredMs = nowMs()
      const errorMs = (answeredMs - askedMs) / 2

      // The first round holds the time to connect, too.
      if (errorMs < best.errorMs) {
        best = { offsetMs: thereMs - (askedMs + answeredMs) / 2, errorMs }
      }
    }

    return best
  } catch (err) {
    throw new Error(`the clock at ${host}:${port} could not be asked (${(err as Error).message}); all instances must reach each other over the data network`, { cause: err })
  } finally {
    clearTimeout(timer)
    socket.destroy()
  }
}

async function readReply (answers: AsyncIterator<Buffer>): Promise<Buffer> {
  let reply = Buffer.alloc(0)

  while (reply.length < replyBytes) {
    const { value, done } = await answers.next()

    if (done === true) {
      throw new Error('the connection was closed')
    }

    reply = Buffer.concat([reply, value])
  }

  return reply
}
