import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { syncKeys } from './keys.ts'
import type { SyncService } from './service.ts'
import { startSyncService } from './service.ts'

const plan = join(import.meta.dirname, 'sdk-plan.ts')
const instanceMsMax = 20_000

describe('the unmodified @testground/sdk client', () => {
  let service: SyncService
  let folder: string
  const warnings: string[] = []

  beforeAll(async () => {
    service = await startSyncService({ onWarning: (sentence) => warnings.push(sentence) })
    folder = await mkdtemp(join(tmpdir(), 'sync-sdk-'))
  })

  afterAll(async () => {
    await service.close()
    await rm(folder, { recursive: true, force: true })
  })

  /** Runs one instance to its end; the SDK writes a file into its working directory, so that is a folder of its own. */
  async function runInstance (testCase: string, index: number, instances: number): Promise<{ code: number | null, outputs: string }> {
    const outputs = join(folder, testCase, String(index))
    await mkdir(outputs, { recursive: true })
    const child = spawn(process.execPath, [plan], {
      cwd: outputs,
      stdio: 'ignore',
      timeout: instanceMsMax,
      killSignal: 'SIGKILL',
      env: {
        PATH: process.env['PATH'],
        SYNC_SERVICE_HOST: service.host,
        SYNC_SERVICE_PORT: String(service.port),
        TEST_RUN: 'run', TEST_PLAN: 'plan', TEST_CASE: testCase, TEST_GROUP_ID: 'group',
        TEST_INSTANCE_COUNT: String(instances), TEST_GROUP_INSTANCE_COUNT: String(instances),
        TEST_OUTPUTS_PATH: outputs, TEST_SUBNET: '127.1.0.0/16', TEST_SIDECAR: 'false'
      }
    })
    const [code] = await once(child, 'exit') as [number | null]
    return { code, outputs }
  }

  function listen (testCase: string): Array<Record<string, unknown>> {
    const events: Array<Record<string, unknown>> = []
    service.subscribe(syncKeys.events('run', 'plan', testCase), (payload) => events.push(payload as Record<string, unknown>))
    return events
  }

  it('signals, waits, publishes and subscribes, and its run events arrive', async () => {
    const events = listen('meet')
    const ended = await Promise.all([1, 2, 3].map((index) => runInstance('meet', index, 3)))
    expect(ended.map(({ code }) => code)).toEqual([0, 0, 0])

    const seen = await Promise.all(ended.map(async ({ outputs }) =>
      JSON.parse(await readFile(join(outputs, 'seen.json'), 'utf8')) as Record<string, number | unknown[]>))
    for (const field of ['number', 'seq', 'afterSignal', 'published']) {
      expect(seen.map((instance) => instance[field]).sort()).toEqual([1, 2, 3])
    }
    for (const instance of seen) {
      expect(instance['peers']).toEqual(seen[0]?.['peers'])
      expect(instance['peers']).toHaveLength(3)
      expect(instance['peers']).toContainEqual({ number: instance['number'], '<b>': 'ä', a: [1.5, null] })
      expect([...instance['late'] as string[]].sort()).toEqual(['from 1', 'from 2', 'from 3'])
    }

    const kinds = events.flatMap((event) => Object.keys(event)).sort()
    expect(kinds).toEqual([...Array(3).fill('message_event'), ...Array(3).fill('start_event'), ...Array(3).fill('success_event')])
    expect(events).toContainEqual({ success_event: { group: 'group' } })
    expect(service.count(syncKeys.state('run', 'plan', 'meet', 'met'))).toBe(3)
    await expect.poll(() => service.connections(), { timeout: 10_000 }).toBe(0)
    expect(warnings).toEqual([])
  })

  it('tells of a failure by an event, for its exit code does not', async () => {
    const events = listen('fail')
    expect((await runInstance('fail', 1, 1)).code).toBe(0)
    expect(events.map((event) => Object.keys(event)[0])).toEqual(['start_event', 'failure_event'])
    expect(events[1]).toEqual({ failure_event: { group: 'group', error: expect.stringContaining('meant to fail') as string } })
  })
})
