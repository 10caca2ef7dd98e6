/** Linux's TCP_RTO_MIN. */
export const RETRANSMIT_TIMEOUT_MS_MIN = 200
const RETRANSMIT_TIMEOUT_MS_MAX = 60_000

/**
 * When TCP sends again what it first sent at `sentMs` and nobody acknowledges, for the first time at or after `nowMs`:
 * 200 ms after the first time, and then each time twice as long after the last as that after its own last, up to 60 s.
 */
export function retransmissionAt (sentMs: number, nowMs: number): number {
  let [dueMs, timeoutMs] = [sentMs, RETRANSMIT_TIMEOUT_MS_MIN]
  do {
    dueMs += timeoutMs
    timeoutMs = Math.min(2 * timeoutMs, RETRANSMIT_TIMEOUT_MS_MAX)
  } while (dueMs < nowMs)
  return dueMs
}
