import { describe, expect, it } from 'vitest'
import { retransmissionAt } from './retransmission.ts'

describe('retransmission', () => {
  it('comes after 200, 600, 1400 ms and so on, whichever is not over yet', () => {
    expect([0, 200, 201, 600, 601, 1400].map((nowMs) => retransmissionAt(0, nowMs))).toEqual([200, 200, 600, 600, 1400, 1400])
    expect(retransmissionAt(5000, 5601)).toBe(6400)
  })

  it('comes every 60 s in the end', () => {
    // Nine doublings from 200 ms stay below 60 s.
    const lastDoubled = 200 * (2 ** 9 - 1)
    expect([1, 60_001].map((pastMs) => retransmissionAt(0, lastDoubled + pastMs) - lastDoubled)).toEqual([60_000, 120_000])
  })
})
