import assert from 'node:assert/strict'
import type { InstanceContext } from '../plans/context.ts'

/**
 * What every instance context must do, whatever it is backed by. Each check gets fresh contexts of one run, by their
 * index, and throws where one of them does not hold. They use no test runner, so that they run inside a simulation too.
 */
export const contextChecks: Readonly<Record<string, (contexts: readonly InstanceContext[]) => Promise<void>>> = {
  'numbers its instances from 0 and knows how many there are': async (contexts) => {
    assert.deepEqual(contexts.map(({ index }) => index).toSorted(), contexts.map((_, i) => i))
    contexts.forEach((context) => { assert.equal(context.instances, contexts.length) })
  },

  'counts signals from 1 and releases a barrier when its target is reached, not before': async (contexts) => {
    const [first, ...rest] = contexts as [InstanceContext, ...InstanceContext[]]
    let released = false
    const barrier = first.sync.barrier('there', contexts.length, 10_000).then(() => { released = true })
    const positions: number[] = []

    for (const { sync } of rest) {
      positions.push(await sync.signal('there'))
    }

    // Whoever waits for as many as have come is released, the other still is not.
    await first.sync.barrier('there', rest.length, 10_000)
    assert.equal(released, false)
    positions.push(await first.sync.signal('there'))
    await barrier
    assert.deepEqual(positions, contexts.map((_, i) => i + 1))
  },

  'signals a phase by its state': async (contexts) => {
    const positions = await Promise.all(contexts.map((context) => context.phase('met')))
    assert.deepEqual(positions.toSorted(), contexts.map((_, i) => i + 1))
    await contexts[0]?.sync.barrier('phase-met', contexts.length, 10_000)
  },

  'bounds waits, and says what was waited for and how long': async ([context]) => {
    await assert.rejects(async () => context?.sync.barrier('never', 1, 50), { name: 'WaitTimeoutError', message: 'waited 0.05 s for 1 instances to reach state never' })
    await assert.rejects(async () => context?.sync.collect('never', 2, 50), { name: 'WaitTimeoutError', message: 'waited 0.05 s for 2 payloads on topic never' })
  },

  'gives all readers the same payloads in one order, from the first on': async (contexts) => {
    const early = contexts.map(({ sync }) => sync.collect<{ from: number }>('topic', contexts.length, 10_000))
    await Promise.all(contexts.map(({ sync, index }) => sync.publish('topic', { from: index, text: 'ä\n"', list: [1.5, null] })))
    const late = await Promise.all(contexts.map(({ sync }) => sync.collect<{ from: number }>('topic', contexts.length, 10_000)))
    const [order = []] = late
    assert.deepEqual(order.map(({ from }) => from).toSorted(), contexts.map((_, i) => i))
    assert.deepEqual(order[0], { from: order[0]?.from, text: 'ä\n"', list: [1.5, null] });
    [...await Promise.all(early), ...late].forEach((read) => { assert.deepEqual(read, order) })
    assert.deepEqual(await contexts[0]?.sync.collect('topic', 1, 10_000), order.slice(0, 1))
  },

  'follows a topic from its first payload on, until it is told to stop': async (contexts) => {
    const [writer, reader] = contexts as [InstanceContext, InstanceContext]
    const heard: number[] = []
    await writer.sync.publish('followed', 1)
    const third = Promise.withResolvers<void>()
    const stop = await reader.sync.follow<number>('followed', (payload) => {
      heard.push(payload)

      if (payload === 3) {
        third.resolve()
      }
    })
    await writer.sync.publish('followed', 2)
    await writer.sync.publish('followed', 3)
    await third.promise
    stop()
    await writer.sync.publish('followed', 4)
    // Whoever reads the whole topic now has been told of the fourth.
    assert.deepEqual(await reader.sync.collect('followed', 4, 10_000), [1, 2, 3, 4])
    assert.deepEqual(heard, [1, 2, 3])
  },

  'begins with its first life, without faults, and with a directory that is kept': async (contexts) => {
    contexts.forEach(({ life, faults }) => { assert.deepEqual([life, faults], [0, undefined]) })
    assert.equal(new Set(contexts.map(({ storageDirectory }) => storageDirectory)).size, contexts.length)
  },

  'hands payloads over as copies': async (contexts) => {
    const payload = { list: [1] }
    const published = contexts[0]?.sync.publish('copies', payload)
    payload.list.push(2)
    await published
    const [, reader] = contexts as [InstanceContext, InstanceContext]
    const [first, second] = await Promise.all([0, 1].map(() => reader.sync.collect<{ list: number[] }>('copies', 1, 10_000)))
    assert.deepEqual(first, [{ list: [1] }])
    first?.[0]?.list.push(3)
    assert.deepEqual(second, [{ list: [1] }])
  },

  'refuses a payload that Testground would not carry': async ([context]) => {
    await assert.rejects(async () => context?.sync.publish('large', 'x'.repeat(40_000)), { name: 'RangeError', message: /publish it in parts$/ })
  },

  'has a clock that goes on, and shares its domain': async (contexts) => {
    const [{ clock }] = contexts as [InstanceContext]
    const startedMs = clock.nowMs()
    await clock.sleep(20)
    // A timer of a real clock may come up to a millisecond early.
    assert.ok(clock.nowMs() - startedMs >= 19, `slept ${clock.nowMs() - startedMs} ms`)
    assert.equal(new Set(contexts.map((context) => context.clock.domain)).size, 1)
  },

  'draws from streams that name, seed and instance decide': async (contexts) => {
    const [first, second] = contexts as [InstanceContext, InstanceContext]
    const draw = (context: InstanceContext, name: string): number => context.random(name).uniform()
    assert.equal(draw(first, 'a'), draw(first, 'a'))
    assert.equal(new Set([draw(first, 'a'), draw(first, 'b'), draw(second, 'a')]).size, 3)
  },

  'gives parameters that cannot be changed, a directory, and addresses to listen on': async (contexts) => {
    contexts.forEach(({ params, listen, signal }) => {
      assert.ok(Object.isFrozen(params))
      assert.equal(params.seed, '5')
      assert.equal(listen.length, 1)
      assert.equal(signal.aborted, false)
    })
    assert.equal(new Set(contexts.map(({ temporaryDirectory }) => temporaryDirectory)).size, contexts.length)
  }
}
