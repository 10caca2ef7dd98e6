export interface RateInit {
  /** How many a second, in the long run. */
  perSecond: number
  /** How many at once, after a pause. */
  burst: number
}

/** The most peers of whom account is kept; those that have been quiet are forgotten first. */
const maxKeys = 4_096

/** Tells whether one more request of a peer is within its rate (a token bucket for each peer). */
export function createRate ({ perSecond, burst }: RateInit, nowMs: () => number): (key: string) => boolean {
  const buckets = new Map<string, { tokens: number, atMs: number }>()

  return (key) => {
    const now = nowMs()
    const bucket = buckets.get(key) ?? { tokens: burst, atMs: now }
    const tokens = Math.min(burst, bucket.tokens + Math.max(0, now - bucket.atMs) / 1000 * perSecond)
    const allowed = tokens >= 1
    // Moved to the end, so that the first one is always the one that was quiet longest.
    buckets.delete(key)
    buckets.set(key, { tokens: allowed ? tokens - 1 : tokens, atMs: now })

    if (buckets.size > maxKeys) {
      const [quietest] = buckets.keys()
      buckets.delete(quietest ?? key)
    }

    return allowed
  }
}
