import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, expect, it, vi } from 'vitest'
import { StoppedError, WaitTimeoutError } from './errors.ts'
import { resolvesWithin, waitChannel, within } from './wait.ts'
import type { WaitEvent } from './wait.ts'

const never = new Promise<never>(() => {})

describe('a bounded wait', () => {
  it('gives what it waited for', async () => {
    expect(await within(Promise.resolve(5), 1000, 'it')).toBe(5)
    expect(await resolvesWithin(Promise.resolve(5), 1000, 'it')).toBe(true)
  })

  it('that ran out says what was waited for and how long', async () => {
    const err = await within(never, 20, 'the others').catch((reason: unknown) => reason)
    expect(err).toBeInstanceOf(WaitTimeoutError)
    expect((err as Error).message).toBe('waited 0.02 s for the others')
    expect(await resolvesWithin(never, 20, 'it')).toBe(false)
  })

  it('passes on what went wrong, which is no wait that ran out', async () => {
    await expect(within(Promise.reject(new RangeError('no')), 1000, 'it')).rejects.toThrow(RangeError)
    await expect(resolvesWithin(Promise.reject(new RangeError('no')), 1000, 'it')).rejects.toThrow(RangeError)
  })

  it('ends with the reason of its signal, before and while it waits', async () => {
    const stopping = new AbortController()
    const waiting = within(never, 60_000, 'it', stopping.signal)
    stopping.abort(new StoppedError('told to stop'))
    await expect(waiting).rejects.toThrow('told to stop')
    await expect(within(Promise.resolve(5), 1000, 'it', stopping.signal)).rejects.toThrow(StoppedError)
    await expect(resolvesWithin(never, 60_000, 'it', stopping.signal)).rejects.toThrow(StoppedError)
  })

  it('is told of, with what it waits for, while it lasts', async () => {
    const told: WaitEvent[] = []
    const hear = (message: unknown): void => { told.push(message as WaitEvent) }
    subscribe(waitChannel, hear)
    await Promise.all([within(Promise.resolve(5), 1000, 'the others'), resolvesWithin(never, 20, 'a file')])
    unsubscribe(waitChannel, hear)
    expect(told.map(({ wait: { what }, ended }) => [what, ended])).toEqual([['the others', false], ['a file', false], ['the others', true], ['a file', true]])
    expect(told[2]?.wait).toBe(told[0]?.wait)
  })

  it('leaves no timer and no listener behind', async () => {
    const { signal } = new AbortController()
    const [add, remove] = [vi.spyOn(signal, 'addEventListener'), vi.spyOn(signal, 'removeEventListener')]
    const before = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    await within(Promise.resolve(), 60_000, 'it', signal)
    expect(process.getActiveResourcesInfo().filter((name) => name === 'Timeout')).toHaveLength(before)
    expect(remove.mock.calls.map(([type]) => type)).toEqual(add.mock.calls.map(([type]) => type))
  })
})
