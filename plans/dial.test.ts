import { describe, expect, it } from 'vitest'
import { ConnectError } from '../peersdb/index.ts'
import { dial } from './dial.ts'

/** A peer whose connections fail with these errors, one after the other, and then come about. */
function attempt (...failures: Error[]) {
  const warnings: string[] = []
  const over = new AbortController()
  let dials = 0
  const record = { metric: () => {}, tag: () => {}, message: () => {}, warning: (text: string) => { warnings.push(text) } }
  const connect = async (): Promise<void> => {
    over.signal.throwIfAborted()
    const failure = failures[dials++]

    if (failure != null) {
      throw failure
    }
  }
  const dialled = dial({ record }, { connect }, '/ip4/127.0.0.1/tcp/1', over.signal, 0)
  return { dialled, warnings, dials: () => dials, over }
}

const busy = new ConnectError('it was too late')

describe('dialling a member', () => {
  it('is done again where it was too late, and says so the first times', async () => {
    const { dialled, warnings, dials } = attempt(busy, busy, busy, busy)
    await dialled
    expect(dials()).toBe(5)
    expect(warnings).toEqual(['dial 1: it was too late', 'dial 2: it was too late', 'dial 3: it was too late'])
  })

  it('fails with why the last one did, once the time is over', async () => {
    const { dialled, over } = attempt(...Array.from({ length: 1_000 }, () => busy))
    over.abort()
    await expect(dialled).rejects.toBe(busy)
  })

  it('fails at once with anything else', async () => {
    const { dialled, dials } = attempt(new Error('the peer is closed'))
    await expect(dialled).rejects.toThrow('the peer is closed')
    expect(dials()).toBe(1)
  })
})
