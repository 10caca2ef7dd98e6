/**
 * A small plan on the unmodified Testground SDK, run by sdk.test.ts as a runner runs one: in a process of its own, told
 * everything by environment variables. What its client saw is written to seen.json in the instance's outputs.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { runtime, sync } from '@testground/sdk'
import { invokeMap } from '@testground/sdk'

type RunEnv = ReturnType<typeof runtime.currentRunEnv>
type SyncClient = Awaited<ReturnType<typeof sync.newBoundClient>>

/** Takes messages from a subscription and then ends it. */
async function take (subscription: { wait: AsyncGenerator<unknown>, cancel: () => void }, count: number): Promise<unknown[]> {
  const taken: unknown[] = []
  for await (const payload of subscription.wait) {
    taken.push(payload)
    if (taken.length === count) break
  }
  subscription.cancel()
  return taken
}

// The SDK creates its client only for functions of exactly two parameters.
await invokeMap({
  meet: async (runenv: RunEnv, client?: SyncClient) => {
    if (client === undefined) throw new Error('the SDK made no sync client')
    const all = runenv.testInstanceCount
    const number = await client.signalEntry('initialized_global')
    const { seq, sub } = await client.publishSubscribe('peers', { number, '<b>': 'ä', a: [1.5, null] })
    const peers = await take(sub, all)
    const afterSignal = await client.signalAndWait('met', all)
    const published = await client.publishAndWait('after', `from ${number}`, 'met', all)
    const late = await take(await client.subscribe('after'), all)
    await (await client.barrier('met', 0)).wait
    await (await client.barrier('met', all)).wait
    runenv.recordMessage('met everyone')
    await writeFile(join(runenv.testOutputsPath, 'seen.json'), JSON.stringify({ number, seq, peers, afterSignal, published, late }))
  },
  fail: async (runenv: RunEnv, client?: SyncClient) => {
    await client?.signalEntry(`failing-${runenv.testGroupId}`)
    throw new Error('meant to fail')
  }
})
process.exit(0)
