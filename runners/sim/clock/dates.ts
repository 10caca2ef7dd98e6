import { performance } from 'node:perf_hooks'
import { replace } from './patch.ts'
import type { Scheduler } from './scheduler.ts'

/** The wall clock at the start of every simulation, so that nothing depends on the day of the run. */
export const startOfTimeMs = Date.UTC(2026, 0, 1)

/** Replaces `Date`, `performance.now`, `process.hrtime` and `process.uptime`. */
export function installDates (scheduler: Scheduler): void {
  const RealDate = Date
  const wallMs = (): number => startOfTimeMs + Math.floor(scheduler.nowMs)

  function VirtualDate (this: unknown, ...args: unknown[]): Date | string {
    const given = (args.length === 0 ? [wallMs()] : args) as [number]
    return new.target == null ? new RealDate(wallMs()).toString() : Reflect.construct(RealDate, given, new.target)
  }

  VirtualDate.prototype = RealDate.prototype
  VirtualDate.now = wallMs
  VirtualDate.parse = RealDate.parse
  VirtualDate.UTC = RealDate.UTC
  replace(RealDate.prototype, 'constructor' as never, () => VirtualDate as never)
  replace(globalThis, 'Date' as never, () => VirtualDate as never)
  replace(performance, 'now', () => () => scheduler.nowMs)
  replace(performance, 'timeOrigin' as never, () => startOfTimeMs as never)
  const nanoseconds = (): bigint => BigInt(Math.round(scheduler.nowMs * 1e6))
  const hrtime = (since: [number, number] = [0, 0]): [number, number] => {
    const elapsed = nanoseconds() - (BigInt(since[0]) * 1_000_000_000n + BigInt(since[1]))
    return [Number(elapsed / 1_000_000_000n), Number(elapsed % 1_000_000_000n)]
  }
  replace(process, 'hrtime', () => Object.assign(hrtime, { bigint: nanoseconds }))
  replace(process, 'uptime', () => () => scheduler.nowMs / 1000)
  replace(AbortSignal, 'timeout', () => (ms: number) => {
    const controller = new AbortController()
    scheduler.at(scheduler.nowMs + Math.trunc(ms), () => {
      controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError'))
    })
    return controller.signal
  })
}
