import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { startSlowLink } from './slow-link.test-helper.ts'
import type { LinkInit } from './slow-link.test-helper.ts'

export function median (values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN
}

export async function repeat<T> (times: number, run: (i: number) => Promise<T>): Promise<T[]> {
  const results: T[] = []

  for (let i = 0; i < times; i++) {
    results.push(await run(i))
  }

  return results
}

/** How long so many bytes take over one TCP connection, nothing done with them, in milliseconds; over loopback where there is no link. */
export async function rawTcp (bytes: number, link?: Omit<LinkInit, 'targetPort'>): Promise<number> {
  const server = createServer((socket) => { socket.end(Buffer.alloc(bytes)) }).listen(0, '127.0.0.1')
  await once(server, 'listening', { signal: AbortSignal.timeout(10_000) })
  const { port: targetPort } = server.address() as { port: number }
  const { port, stop } = link == null ? { port: targetPort, stop: () => {} } : await startSlowLink({ ...link, targetPort })
  const startMs = performance.now()
  let received = 0

  for await (const chunk of connect({ port, host: '127.0.0.1' })) {
    received += (chunk as Buffer).byteLength
  }

  stop()
  server.close()

  if (received !== bytes) {
    throw new Error(`raw TCP carried ${received} of ${bytes} bytes`)
  }

  return performance.now() - startMs
}

export function portOf (address: string): number {
  return Number(/\/tcp\/(\d+)/.exec(address)?.[1])
}

export function throughPort (address: string, port: number): string {
  return address.replace(/\/tcp\/\d+/, `/tcp/${port}`)
}
