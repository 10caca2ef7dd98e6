/** Runs the checks of the instance context inside a simulation, and prints what each of them said as JSON. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { installWorld } from '../runners/sim/clock/install.ts'

const world = await installWorld({ seed: '5', paced: false })
const { createContext } = await import('../runners/sim/context.ts')
const { createSyncTwin } = await import('../runners/sim/sync-twin.ts')
const { createSimulatedNetwork } = await import('../network/simulated.ts')
const { loadProfile } = await import('../network/profile.ts')
const { contextChecks } = await import('./context-acceptance.test-helper.ts')
const instances = 3
const scratch = mkdtempSync(join(tmpdir(), 'peerslab-contexts-'))
const said: Record<string, string> = {}
const actors = Array.from({ length: instances }, (_, i) => world.createActor(String(i)))
const network = createSimulatedNetwork({
  stage: { nowMs: () => world.scheduler.nowMs, at: (dueMs, instance, run) => world.scheduler.at(dueMs, run, actors[Number(instance)]) },
  profile: await world.scheduler.settle(loadProfile('none')), level: 'ideal', seed: '5'
})
const record = { metric: () => {}, tag: () => {}, message: () => {}, warning: () => {} }

async function checkAll (): Promise<void> {
  for (const [name, check] of Object.entries(contextChecks)) {
    const sync = createSyncTwin()
    const contexts = actors.map((actor, number) => createContext({
      world, network, sync, actor, record, instances, number, group: 'peers', params: { seed: '5' }, seed: '5',
      temporaryDirectory: join(scratch, String(number)), storageDirectory: join(scratch, String(number), 'storage'), life: 0, signal: new AbortController().signal
    }))
    said[name] = await check(contexts).then(() => 'holds', (err: Error) => err.message)
  }
}

world.scheduler.at(0, () => { void checkAll().then(() => { world.scheduler.stop('done') }) }, actors[0])
const end = await world.scheduler.run()
rmSync(scratch, { recursive: true })
process.stdout.write(JSON.stringify({ end, said, virtualMs: world.scheduler.nowMs }))
process.exit(0)
