import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { measureClock, serveClock } from './clock-probe.ts'
import { agreeOnClock } from './clocks.ts'
import type { AddressInfo } from 'node:net'
import type { ClockAddress, InstanceContext } from './context.ts'

const shifted = (ms: number) => () => performance.now() + ms

describe('the probe of a clock', () => {
  it.each([5_000, -123.25, 0])('finds an offset of %d ms within the error that it tells', async (shiftMs) => {
    const address = await serveClock('127.0.0.1', shifted(shiftMs))
    const { offsetMs, errorMs } = await measureClock(address, () => performance.now())
    expect(errorMs).toBeGreaterThan(0)
    expect(Math.abs(offsetMs - shiftMs)).toBeLessThanOrEqual(errorMs)
    // Loopback answers in less; a bound that were no bound at all would prove nothing.
    expect(errorMs).toBeLessThan(50)
  })

  it('says whom it could not ask', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    server.close()
    await expect(measureClock({ host: '127.0.0.1', port }, () => 0)).rejects.toThrow(`the clock at 127.0.0.1:${port} could not be asked`)
  })

  it('does not wait for who hangs up', async () => {
    const server = createServer((socket) => { socket.end() }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    await expect(measureClock({ host: '127.0.0.1', port }, () => 0)).rejects.toThrow(/could not be asked/)
    server.close()
  })
})

interface Recorded { readonly name: string, readonly value: number }

/** Instances of one run, each on the machine of that name, whose clock is ahead by so much. */
function contextsOn (machines: ReadonlyArray<readonly [string, number]>): { contexts: InstanceContext[], recorded: Recorded[][] } {
  const published: ClockAddress[] = []
  const told = Promise.withResolvers<void>()
  const set = Promise.withResolvers<void>()
  const recorded: Recorded[][] = machines.map(() => [])
  let signalled = 0
  const contexts = machines.map(([domain, aheadMs], index) => {
    let offsetMs = 0
    const nowMs = (): number => performance.now() + aheadMs + offsetMs
    return {
      index,
      instances: machines.length,
      clock: { nowMs, domain, sleep: () => new Promise(() => {}) },
      clockProbe: {
        serve: () => serveClock('127.0.0.1', nowMs),
        measure: (address: ClockAddress) => measureClock(address, nowMs),
        adopt: (offset: { offsetMs: number }) => { offsetMs += offset.offsetMs }
      },
      record: { metric: (name: string, value: number) => { recorded[index]?.push({ name, value }) }, message: () => {} },
      sync: {
        publish: async (_: string, payload: ClockAddress) => {
          published.push(payload)
          told.resolve()
        },
        collect: async () => {
          await told.promise
          return published
        },
        signal: async () => {
          if (++signalled === machines.length) {
            set.resolve()
          }
        },
        barrier: () => set.promise
      }
    } as unknown as InstanceContext
  })
  return { contexts, recorded }
}

const ownersOf = (contexts: readonly InstanceContext[]): Array<{ index: number, clock: string }> =>
  contexts.map(({ index, clock }) => ({ index, clock: clock.domain }))

describe('instances on several machines', () => {
  it('set their clocks by that of instance 0, and record by how much and how exactly', async () => {
    const { contexts, recorded } = contextsOn([['a', 0], ['b', 70_000], ['a', 0], ['c', -300]])
    await Promise.all(contexts.map((context) => agreeOnClock(context, ownersOf(contexts), 10_000)))
    const errors = recorded.map((rows) => rows.find(({ name }) => name === 'clock_error_ms')?.value)
    const startMs = contexts[0]!.clock.nowMs()
    const apart = contexts.map(({ clock }) => Math.abs(clock.nowMs() - startMs))
    expect(errors.map((error) => error != null)).toEqual([false, true, false, true])
    apart.forEach((ms, i) => { expect(ms).toBeLessThan((errors[i] ?? 0) + 20) })
    expect(recorded[1]?.find(({ name }) => name === 'clock_offset_ms')?.value).toBeCloseTo(-70_000, -2)
  })

  it('have nothing to do where all share one clock', async () => {
    const { contexts, recorded } = contextsOn([['a', 0], ['a', 0]])
    await Promise.all(contexts.map((context) => agreeOnClock(context, ownersOf(contexts), 1)))
    expect(recorded).toEqual([[], []])
  })
})
