import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { runtime, sync } from '@testground/sdk'
import { expect, it } from 'vitest'
import { createFileRecorder } from '../plans/recorder.ts'
import { createTestgroundContext } from '../plans/testground-context.ts'
import { startSyncService, syncKeys } from '../runners/sync/index.ts'

it('an instance asks its sidecar as Testground\'s reads it, and waits until all networks are as they were asked for', async () => {
  const service = await startSyncService()
  const scratch = mkdtempSync(join(tmpdir(), 'peerslab-sidecar-'))
  Object.assign(process.env, { SYNC_SERVICE_HOST: service.host, SYNC_SERVICE_PORT: String(service.port) })
  mkdirSync(scratch, { recursive: true })
  const runenv = runtime.parseRunEnv({
    TEST_RUN: 'run', TEST_PLAN: 'plan', TEST_CASE: 'case', TEST_GROUP_ID: 'peers', TEST_INSTANCE_COUNT: '2', TEST_GROUP_INSTANCE_COUNT: '2',
    // A network in which loopback is, so that the SDK finds an address of this machine.
    TEST_INSTANCE_PARAMS: 'seed=5|shaping=sidecar', TEST_SUBNET: '127.0.0.0/8', TEST_SIDECAR: 'true', TEST_OUTPUTS_PATH: scratch
  })
  const client = await sync.newBoundClient(runenv)
  const asked: unknown[] = []
  // What Testground's sidecar does: it says that the network is there, applies what is asked of it, and counts that.
  service.subscribe(syncKeys.topic('run', 'plan', 'case', `network:${hostname()}`), (config) => {
    asked.push(config)
    void client.signalEntry((config as { callback_state: string }).callback_state)
  })
  await client.signalEntry('network-initialized')
  await client.signalEntry('network-initialized')

  try {
    const { sidecar } = await createTestgroundContext({
      runenv, client, signal: new AbortController().signal, temporaryDirectory: scratch, onPhase: () => {},
      recorder: createFileRecorder(scratch, { message: () => {}, warning: () => {} })
    })
    const shape = { latencyMs: 12.5, jitterMs: 1, bandwidthBitsPerSecond: 8e6, lossPercent: 2 }
    const shaped = sidecar!.configure(shape, 'shaped', 20_000)
    // The other instance's network is not yet as it was asked for.
    await expect(sidecar!.configure(shape, 'never', 1_000)).rejects.toThrow('waited 1 s for the sidecars of 2 instances to shape the network')
    await client.signalEntry('shaped')
    await shaped
    expect(asked).toContainEqual({
      network: 'default', enable: true, routing_policy: 'deny_all', callback_state: 'shaped', callback_target: 2,
      default: { latency: 12_500_000, jitter: 1_000_000, bandwidth: 8_000_000, loss: 2 }
    })
  } finally {
    client.close()
    await service.close()
    rmSync(scratch, { recursive: true })
  }
})
