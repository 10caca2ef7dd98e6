/** The room's door: run folders in, tables, figures and a report out. */
export { analyze } from './analyze.ts'
export type { Analysis, AnalyzeOptions } from './analyze.ts'
export { RunFolderError } from './errors.ts'
