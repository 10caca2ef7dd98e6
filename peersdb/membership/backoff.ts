/** How the pauses between attempts grow, in ms. */
export interface BackoffInit {
  /** The longest first pause. */
  minMs: number
  /** The longest pause of all. */
  maxMs: number
}

/**
 * The pause after a number of failures in a row: it doubles with each up to the maximum, and half of it is
 * random, so that peers which lost the same neighbour at once do not all come back at once (Brooker,
 * "Exponential Backoff And Jitter", 2015: equal jitter).
 */
export function backoffMs ({ minMs, maxMs }: BackoffInit, failures: number, random: () => number): number {
  const longestMs = Math.min(maxMs, minMs * 2 ** failures)
  return longestMs * (1 + random()) / 2
}
