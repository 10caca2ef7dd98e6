import type { ClockAddress, ClockProbe, InstanceContext } from './context.ts'

/** How often it is measured how far clocks have come apart since they were set. */
const againMs = 10_000
/** The kernel keeps a monotonic clock within 500 parts per million of the real time; two of them differ by twice that. */
const driftRatioMax = 0.001

/** What an instance tells of its clock. */
interface ClockOwner {
  readonly index: number
  readonly clock: string
}

/**
 * Sets the clocks of instances on several machines by that of instance 0, as it is seen over the data network, and records by how
 * much and how exactly; where all share one clock there is nothing to do.
 *
 * @throws {Error} where the offset cannot be measured: times could not be compared
 */
export async function agreeOnClock (context: InstanceContext, owners: readonly ClockOwner[], timeoutMs: number): Promise<void> {
  const { clock, clockProbe, index, sync } = context
  const reference = owners.find((owner) => owner.index === 0)
  const strange = owners.find((owner) => owner.clock !== reference?.clock)

  if (reference == null || strange == null) {
    return
  }

  if (clockProbe == null) {
    throw new Error(`instance ${strange.index} runs on another machine than instance 0, and the offset of their clocks cannot be measured here; run all instances on one machine`)
  }

  if (index === 0) {
    await sync.publish('clock', await clockProbe.serve())
  }

  const [address] = await sync.collect<ClockAddress>('clock', 1, timeoutMs)

  if (address != null && clock.domain !== reference.clock) {
    const offset = await clockProbe.measure(address)
    clockProbe.adopt(offset)
    context.record.metric('clock_offset_ms', offset.offsetMs)
    context.record.metric('clock_error_ms', offset.errorMs, {}, { elapsed_ms: 0 })
    context.record.message(`the clock of instance 0 is ${offset.offsetMs.toFixed(3)} ms ahead, within ${offset.errorMs.toFixed(3)} ms`)
    followDrift(context, clockProbe, address, offset.errorMs)
  }

  // Whoever shapes the network now would have others measure over a slower one.
  await sync.signal('clocks-set')
  await sync.barrier('clocks-set', context.instances, timeoutMs)
}

/** Records from time to time how far the clock may have come off since it was set; it is not set again, for times must not jump. */
function followDrift (context: InstanceContext, probe: ClockProbe, address: ClockAddress, errorMs: number): void {
  const setMs = context.clock.nowMs()

  const follow = async (): Promise<void> => {
    for (;;) {
      await context.clock.sleep(againMs)
      const { offsetMs, errorMs: errorNowMs } = await probe.measure(address)
      const elapsedMs = context.clock.nowMs() - setMs
      // A network that was made slow tells less than what is known of such clocks.
      const boundMs = Math.min(Math.abs(offsetMs) + errorNowMs, errorMs + driftRatioMax * elapsedMs)
      context.record.metric('clock_error_ms', boundMs, {}, { elapsed_ms: elapsedMs })
    }
  }

  // Instance 0 ends when it has no more to do, and then there is nothing to measure.
  follow().catch(() => undefined)
}
