import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { runtime, sync } from '@testground/sdk'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createFileRecorder } from '../plans/recorder.ts'
import { createTestgroundContext } from '../plans/testground-context.ts'
import { startSyncService } from '../runners/sync/index.ts'
import { contextChecks } from './context-acceptance.test-helper.ts'
import type { SyncService } from '../runners/sync/index.ts'

const instances = 3
const names = Object.keys(contextChecks)

describe('the instance context over Testground\'s SDK', () => {
  let service: SyncService
  let scratch: string
  let runs = 0
  beforeAll(async () => {
    service = await startSyncService()
    scratch = mkdtempSync(join(tmpdir(), 'peerslab-contexts-'))
    Object.assign(process.env, { SYNC_SERVICE_HOST: service.host, SYNC_SERVICE_PORT: String(service.port) })
  })
  afterAll(async () => {
    await service.close()
    rmSync(scratch, { recursive: true })
  })

  it.each(names)('%s', async (name) => {
    const run = String(++runs)
    const stopping = new AbortController()
    const members = await Promise.all(Array.from({ length: instances }, async (_, i) => {
      const temporaryDirectory = join(scratch, run, String(i))
      mkdirSync(temporaryDirectory, { recursive: true })
      const runenv = runtime.parseRunEnv({
        TEST_RUN: run, TEST_PLAN: 'plan', TEST_CASE: 'case', TEST_GROUP_ID: 'peers', TEST_INSTANCE_COUNT: String(instances),
        TEST_GROUP_INSTANCE_COUNT: String(instances), TEST_INSTANCE_PARAMS: 'seed=5', TEST_SUBNET: '127.1.0.0/16', TEST_SIDECAR: 'false',
        TEST_OUTPUTS_PATH: temporaryDirectory
      })
      const client = await sync.newBoundClient(runenv)
      const recorder = createFileRecorder(temporaryDirectory, { message: () => {}, warning: () => {} })
      const context = await createTestgroundContext({
        runenv, client, recorder, signal: stopping.signal, temporaryDirectory, onPhase: () => {}
      })
      return { client, context }
    }))

    try {
      await contextChecks[name]?.(members.map(({ context }) => context).toSorted((a, b) => a.index - b.index))
    } finally {
      members.forEach(({ client }) => { client.close() })
    }
  })
})

describe('the instance context of a simulation', () => {
  it('does all of the same', async () => {
    const program = join(import.meta.dirname, 'simulated-contexts.test-helper.ts')
    const { stdout } = await promisify(execFile)(process.execPath, [program], { timeout: 20_000 })
    expect(JSON.parse(stdout)).toMatchObject({ end: 'done', said: Object.fromEntries(names.map((name) => [name, 'holds'])) })
  })
})
