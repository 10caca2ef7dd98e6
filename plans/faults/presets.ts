import { exponential, logNormal, pareto, weibull } from './distributions.ts'
import type { Distribution } from './distributions.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs

/** How peers come and go. */
export interface ChurnPreset {
  readonly session: Distribution
  /** Between two sessions of the same peer. */
  readonly off: Distribution
  readonly source: string
}

/** Where nothing else is known, a peer is away as long as it is there, as in OverSim: half of the peers are there at any time. */
function even (session: Distribution, source: string): ChurnPreset {
  return { session, off: session, source }
}

/** Time away with the shape of the arrivals that were measured, and the mean of the sessions: arrivals tell no scale of one peer. */
function arriving (shape: number, scaleMinutes: number, arrivalShape: number, of: string): ChurnPreset {
  const session = weibull(shape, scaleMinutes * minuteMs)
  const off = weibull(arrivalShape, 1)
  return {
    session,
    off: weibull(arrivalShape, session.meanMs / off.meanMs),
    source: `BitTorrent ${of}: Stutzbach and Rejaie, IMC 2006; the mean time away is assumed to be that of a session`
  }
}

const steiner = 'Steiner et al., "Analyzing Peer Behavior in KAD", as quoted in PeerfactSim\'s KadChurnModel'
const kadOff = weibull(0.47648, 413.6765 * minuteMs)

/** Ways of coming and going that were measured, or that simulations use, by name. */
export const churnPresets = {
  'exponential-10min': even(exponential(10 * minuteMs), 'exponential with a mean of 10 minutes; a baseline'),
  'exponential-1h': even(exponential(hourMs), 'exponential with a mean of 1 hour; a baseline'),
  'exponential-8h': even(exponential(8 * hourMs), 'exponential with a mean of 8 hours; a baseline'),
  'bt-debian': arriving(0.38, 42.4, 0.79, 'Debian'),
  'bt-redhat': arriving(0.34, 21.3, 0.53, 'Red Hat'),
  'bt-flatout': arriving(0.59, 41.9, 0.62, 'FlatOut'),
  'kad-first': { session: weibull(0.54512, 357.7152 * minuteMs), off: kadOff, source: `${steiner}: first sessions` },
  'kad-steady': { session: weibull(0.61511, 169.5385 * minuteMs), off: kadOff, source: `${steiner}: later sessions` },
  'ipfs-2022': even(logNormal(2 * hourMs, 1.647), 'IPFS DHT servers, 28 April to 5 May 2022: log-normal through the quantiles that probe-lab gives'),
  'ipfs-sigcomm22': even(logNormal(1.65 * hourMs, 1.365), 'IPFS, Trautwein et al. 2022: log-normal through two quantiles; the figures were not verified again'),
  'pareto-1h': even(pareto(3, hourMs), 'shifted Pareto, alpha 3, mean 1 hour, as in Yao, Leonard et al.'),
  'pareto-heavy-1h': even(pareto(2, hourMs), 'shifted Pareto, alpha 2, mean 1 hour')
} as const satisfies Record<string, ChurnPreset>

export type ChurnPresetName = keyof typeof churnPresets

/** Beside the presets: nobody comes or goes; or they join in rounds, as in the paper's experiments, and stay. */
export const churnNames = ['none', 'staged', ...Object.keys(churnPresets) as ChurnPresetName[]] as const

/** The rounds of the paper's raw results: six joins, 30 to 70 s apart, then a pause of 2 to 6 minutes. */
export const stagedJoins = { perRound: 6, apartMsMin: 30_000, apartMsMax: 70_000, pauseMsMin: 2 * minuteMs, pauseMsMax: 6 * minuteMs }
