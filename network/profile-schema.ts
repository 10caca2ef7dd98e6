import * as z from 'zod'

/**
 * One figure with where it comes from. `measured` is read off a published measurement, `derived` is computed from
 * such figures (the note says how), `assumption` is ours. `source` is a key of the profile's `sources`.
 */
const figureFields = {
  kind: z.enum(['measured', 'derived', 'assumption']),
  source: z.string().min(1),
  note: z.string().min(1).optional()
}
const regionName = z.string().min(1).max(64)
const positive = z.number().positive()
const nonNegative = z.number().nonnegative()

const nonNegativeFigure = z.strictObject({ value: nonNegative, ...figureFields })
const positiveFigure = z.strictObject({ value: positive, ...figureFields })

/** Figures of all ordered pairs that share their source: a row for each region, a cell for each, in the order of `regions`. */
const latencyMatrix = z.strictObject({ rows: z.array(z.array(nonNegative.nullable())), ...figureFields })
const rateMatrix = z.strictObject({ rows: z.array(z.array(positive.nullable())), ...figureFields })

/**
 * `round-trip`: one link per unordered pair, halved into each direction; a cell of the matrix is what the region of its row
 * measured to that of its column. `one-way`: one link per ordered pair. A link goes before a cell, and `everyPair` stands
 * for every pair that has neither.
 */
const latency = z.strictObject({
  unit: z.literal('ms'),
  kind: z.enum(['round-trip', 'one-way']),
  everyPair: nonNegativeFigure.optional(),
  matrix: latencyMatrix.optional(),
  links: z.array(z.strictObject({ from: regionName, to: regionName, value: nonNegative, ...figureFields }))
})

/** Standard deviation of the round trip of an idle link, which is what the `mdev` of ping(8) estimates. */
const jitter = z.strictObject({
  unit: z.literal('ms'),
  kind: z.literal('round-trip-deviation'),
  figure: nonNegativeFigure
})

/**
 * `flow` limits what one instance sends to one other: a constant rate, or min(ceiling, window / round trip), which is
 * what a TCP flow with a fixed window reaches, or a rate for each ordered pair of regions. `uplink` limits all that one
 * instance sends, `downlink` all that it receives, in `regions` those of one region; null is no limit.
 */
const bandwidth = z.strictObject({
  unit: z.literal('bit/s'),
  flow: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('constant'), rate: positiveFigure }),
    z.strictObject({ kind: z.literal('window'), windowBits: positiveFigure, ceiling: positiveFigure }),
    z.strictObject({ kind: z.literal('matrix'), rates: rateMatrix })
  ]).nullable(),
  uplink: positiveFigure.nullable(),
  downlink: positiveFigure.nullable(),
  regions: z.array(z.strictObject({
    region: regionName, uplink: positiveFigure.nullable(), downlink: positiveFigure.nullable()
  })).optional()
})

/** The probability that a TCP segment is lost, each on its own. */
const loss = z.strictObject({
  unit: z.literal('probability'),
  kind: z.literal('per-segment'),
  figure: z.strictObject({ value: nonNegative.lt(1), ...figureFields })
})

/** The file form of a network profile. A part that is null is not shaped; it must be said, never left out. */
export const profileSchema = z.strictObject({
  name: z.string().min(1).max(64),
  description: z.string().min(1),
  notes: z.array(z.string().min(1)).optional(),
  sources: z.record(z.string(), z.string().min(1)),
  regions: z.array(regionName).min(1),
  anyRegion: z.boolean(),
  latency: latency.nullable(),
  jitter: jitter.nullable(),
  bandwidth: bandwidth.nullable(),
  loss: loss.nullable()
})

export type ProfileFile = z.infer<typeof profileSchema>
