import { fork } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'

/** A link between two TCP ports of this machine, in each direction with this delay and rate. */
export interface LinkInit {
  targetPort: number
  /** One way, in milliseconds. */
  latencyMs: number
  bandwidthBitsPerSecond: number
  /** Whether to keep a core busy so that single messages are not late by a timer's millisecond or two. */
  isExact?: boolean
}

/** How much may wait for its turn at the sending end, in bytes, beside what is on its way. */
const queueBytes = 256 * 1024

/** Starts a link in a process of its own, so that it takes no time from either end; returns the port to connect to. */
export async function startSlowLink (init: LinkInit): Promise<{ port: number, stop: () => void }> {
  const child = fork(import.meta.filename, ['--slow-link', JSON.stringify(init)])
  const [{ port }] = await once(child, 'message', { signal: AbortSignal.timeout(10_000) }) as [{ port: number }]
  return { port, stop: () => { child.kill() } }
}

function serve (init: LinkInit): void {
  const server = createServer({ noDelay: true }, (from) => {
    const to = connect({ port: init.targetPort, host: '127.0.0.1', noDelay: true })
    carry(from, to, init)
    carry(to, from, init)
  })
  server.listen(0, '127.0.0.1', () => { process.send?.({ port: (server.address() as { port: number }).port }) })
  process.once('disconnect', () => { process.exit() })
}

/** Each byte leaves when those before it have left and arrives the delay later; a full queue holds the sender back. */
function carry (from: Socket, to: Socket, { latencyMs, bandwidthBitsPerSecond, isExact = false }: LinkInit): void {
  const bytesPerMs = bandwidthBitsPerSecond / 8_000
  const onItsWayMax = bytesPerMs * latencyMs + queueBytes
  const waiting: Array<{ chunk: Buffer, atMs: number }> = []
  let freeAtMs = 0
  let onItsWay = 0
  let timer: NodeJS.Timeout | NodeJS.Immediate | undefined

  const deliver = (): void => {
    timer = undefined

    for (let next = waiting[0]; next != null && next.atMs <= performance.now(); next = waiting[0]) {
      waiting.shift()
      onItsWay -= next.chunk.byteLength
      to.write(next.chunk)
    }

    if (onItsWay < onItsWayMax) {
      from.resume()
    }

    plan()
  }
  const plan = (): void => {
    const [next] = waiting

    if (next != null && timer == null) {
      const waitMs = next.atMs - performance.now()
      timer = isExact && waitMs < 3 ? setImmediate(deliver) : setTimeout(deliver, Math.max(0, isExact ? waitMs - 2 : waitMs))
    }
  }

  from.on('data', (data) => {
    // Pieces no larger than what the link sends in a few milliseconds, so that the rate is smooth.
    for (let start = 0; start < data.length; start += 16_384) {
      const chunk = data.subarray(start, start + 16_384) as Buffer
      freeAtMs = Math.max(freeAtMs, performance.now()) + chunk.byteLength / bytesPerMs
      waiting.push({ chunk, atMs: freeAtMs + latencyMs })
      onItsWay += chunk.byteLength
    }

    if (onItsWay >= onItsWayMax) {
      from.pause()
    }

    plan()
  })
  from.on('error', () => { to.destroy() })
  from.on('close', () => { setTimeout(() => { to.end() }, latencyMs + onItsWay / bytesPerMs) })
}

if (process.argv[2] === '--slow-link') {
  serve(JSON.parse(process.argv[3] ?? '') as LinkInit)
}
