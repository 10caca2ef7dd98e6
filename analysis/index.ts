/** The room's door: run folders in, tables, figures and a report out. */
export { calibrate, modes } from './calibration.ts'
export { analyze } from './analyze.ts'
export type { Calibration, CalibrationFolder, Mode } from './calibration.ts'
export type { Analysis, AnalyzeOptions } from './analyze.ts'
export { FontError, RunFolderError } from './errors.ts'
export { AcceptError, StudyError, compareStudies, comparisonFormats, formatComparison, readAccepted } from './comparison/index.ts'
export type { CompareOptions, ComparisonFormat, StudyComparison } from './comparison/index.ts'
