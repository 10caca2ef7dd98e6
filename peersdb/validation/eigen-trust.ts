/** How much of its trust one peer gives to each of some others. */
export type TrustRow = ReadonlyMap<string, number>

export interface EigenTrustInit {
  /** What each peer says, by its id. */
  rows: ReadonlyMap<string, TrustRow>
  /** Who is trusted beforehand, each the same. */
  preTrusted: readonly string[]
  /** What part of the trust goes to them at each step, from above 0 to 1. */
  restart: number
  /** The sum of all changes of one step at which the steps end. */
  tolerance?: number
  stepsMax?: number
}

/**
 * The trust of each peer by what all say of each other: `t' = (1 - a) Cᵀ t + a p`, from `t = p` until it changes no more (Kamvar, Schlosser
 * and Garcia-Molina 2003, "The EigenTrust Algorithm"). Rows are scaled to a sum of one, so that nobody has more trust to give than it has
 * itself; what a peer says of itself, and what is not above 0, does not count; who says nothing trusts those who are trusted beforehand.
 * Each step shrinks what is left to change by `1 - a`, so that the steps end.
 *
 * @returns the trust of each peer that has any, with a sum of one
 */
export function eigenTrust ({ rows, preTrusted, restart, tolerance = 1e-6, stepsMax = 500 }: EigenTrustInit): Map<string, number> {
  const trusted = new Set(preTrusted)
  const beforehand = new Map(Array.from(trusted, (id) => [id, 1 / trusted.size]))
  const scaled = new Map([...rows].map(([id, row]) => [id, scaledRow(id, row)]))
  let trust = beforehand

  for (let step = 0; step < stepsMax; step++) {
    const next = new Map(Array.from(beforehand, ([id, share]) => [id, restart * share]))

    for (const [id, amount] of trust) {
      for (const [other, share] of scaled.get(id) ?? beforehand) {
        next.set(other, (next.get(other) ?? 0) + (1 - restart) * amount * share)
      }
    }

    const change = [...next].reduce((sum, [id, amount]) => sum + Math.abs(amount - (trust.get(id) ?? 0)), 0)
    trust = next

    if (change < tolerance) {
      break
    }
  }

  return trust
}

/** @returns undefined where nobody is trusted */
function scaledRow (self: string, row: TrustRow): TrustRow | undefined {
  const given = [...row].filter(([id, amount]) => id !== self && amount > 0)
  const sum = given.reduce((total, [, amount]) => total + amount, 0)
  return sum > 0 ? new Map(given.map(([id, amount]) => [id, amount / sum])) : undefined
}
