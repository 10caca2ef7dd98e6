/** Studies in, a verdict with its effects and doubts out. */
export { readAccepted } from './accepted.ts'
export { compareStudies } from './compare.ts'
export { AcceptError, StudyError } from './errors.ts'
export { comparisonFormats, formatComparison } from './formats.ts'
export { writeComparison } from './write.ts'
export type { CompareOptions, StudyComparison } from './compare.ts'
export type { ComparisonFormat } from './formats.ts'
