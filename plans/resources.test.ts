import { setTimeout as delay } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { observeResources } from './resources.ts'
import type { Recorder } from './context.ts'

it('what an instance uses is recorded at its end at the latest, and a busy moment shows as delay and as processor time', async () => {
  const busyMs = 300
  const rows: Array<[string, number]> = []
  const stop = observeResources({ metric: (name, value) => { rows.push([name, value]) } } as Recorder)
  const before = process.cpuUsage()
  // The event loop is measured from one turn to the next, so that it needs one before and one after.
  await delay(20)

  for (const startMs = performance.now(); performance.now() - startMs < busyMs;);

  await delay(20)
  stop()
  const { user, system } = process.cpuUsage(before)
  const last = new Map(rows)
  expect(new Set(last.keys())).toEqual(new Set(['rss_bytes', 'cpu_ms', 'event_loop_delay_ms', 'cpu_percent']))
  expect(last.get('event_loop_delay_ms')).toBeGreaterThanOrEqual(0.9 * busyMs)
  // What the process had used before is part of it.
  expect(last.get('cpu_ms')).toBeGreaterThanOrEqual((user + system) / 1000 * 0.9)
  expect(last.get('cpu_percent')).toBeGreaterThan(0)
  expect(last.get('cpu_percent')).toBeLessThanOrEqual(100)
  expect(last.get('rss_bytes')).toBeGreaterThan(20e6)
})
