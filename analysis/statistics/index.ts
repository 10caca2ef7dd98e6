/** One file for each method; all of them are pure, and what needs chance takes a seed. */
export { ecdf } from './ecdf.ts'
export { median, quantile } from './quantile.ts'
export { medianInterval } from './median-interval.ts'
export { sortSamples, summarise } from './samples.ts'
export { thin } from './thin.ts'
export type { Step } from './ecdf.ts'
export type { MedianInterval } from './median-interval.ts'
export type { Estimate, Sample, Summary } from './samples.ts'
