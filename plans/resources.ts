import { cpus } from 'node:os'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Recorder } from './context.ts'

const intervalMs = 1_000
const histogramResolutionMs = 5

/**
 * Records once a second, and at the end, what this process uses, so that a reader can tell whether the machine, and not
 * the network, was the limit.
 *
 * @returns what stops it
 */
export function observeResources (record: Recorder): () => void {
  const delay = monitorEventLoopDelay({ resolution: histogramResolutionMs })
  let before = machineTimes()
  delay.enable()

  const sample = (): void => {
    const { cpuMs, rssBytes } = processUsage()
    const machine = machineTimes()
    record.metric('rss_bytes', rssBytes)
    record.metric('cpu_ms', cpuMs)
    // The histogram holds whole intervals, of which its own resolution is no delay.
    record.metric('event_loop_delay_ms', Math.max(0, delay.max / 1e6 - histogramResolutionMs))
    delay.reset()

    // The machine counts in ticks, of which there may be none since the last sample.
    if (machine.totalMs > before.totalMs) {
      record.metric('cpu_percent', 100 * (1 - (machine.idleMs - before.idleMs) / (machine.totalMs - before.totalMs)))
      before = machine
    }
  }
  const timer = setInterval(sample, intervalMs)
  timer.unref()

  return () => {
    clearInterval(timer)
    // An instance may take less than an interval.
    sample()
    delay.disable()
  }
}

/** What this process has used of its machine: processor time so far, and resident memory now. */
export function processUsage (): { cpuMs: number, rssBytes: number } {
  const { user, system } = process.cpuUsage()
  return { cpuMs: (user + system) / 1000, rssBytes: process.memoryUsage.rss() }
}

/** Time that all cores together have spent since the machine was started, and what of it they were idle. */
function machineTimes (): { totalMs: number, idleMs: number } {
  const times = cpus().map((core) => core.times)
  return {
    totalMs: times.reduce((sum, { user, nice, sys, idle, irq }) => sum + user + nice + sys + idle + irq, 0),
    idleMs: times.reduce((sum, { idle }) => sum + idle, 0)
  }
}
