import * as z from 'zod'

const label = z.string().min(1).max(64)
/** The data set writes numbers as numbers or as decimal strings, depending on the framework. */
const decimal = z.union([
  z.number(),
  z.string().max(32).regex(/^-?\d+(\.\d+)?$/).transform(Number)
], 'is no decimal number')
const time = z.string().regex(/^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/, 'is no time such as 2017-09-24 14:05:47')
const unknownOr = decimal.default(-1)

const failedReport = z.object({
  completed: z.literal(false),
  datasize: label,
  framework: label,
  workload: label,
  elapsed_time: decimal.optional()
})

const completedReport = z.object({
  completed: z.literal(true),
  datasize: label,
  framework: label,
  workload: label,
  elapsed_time: decimal,
  timestamp: time,
  program: label.optional(),
  /** In bytes, -1 where unknown. */
  input_size: unknownOr,
  /** In bytes a second, -1 where unknown. */
  throughput_cluster: unknownOr,
  throughput_node: unknownOr
})

/** `report.json` of the scout data set (github.com/oxhead/scout): a run that completed, or one that failed or timed out. */
export const reportSchema = z.discriminatedUnion('completed', [completedReport, failedReport])

export type Report = z.infer<typeof reportSchema>

/** The columns that all tables of the C3O data set (github.com/dos-group/c3o-experiments) have. */
export const c3oColumns = ['instance_count', 'machine_type', 'slots', 'memory', 'data_size_MB', 'gross_runtime'] as const

/** Those columns of it that are text. */
export const c3oTextColumns: readonly string[] = ['machine_type']

const sarTime = /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/
const plainNumber = /^-?\d{1,18}(\.\d{1,18})?(e-?\d{1,2})?$/i

export function isTime (cell: string): boolean {
  return sarTime.test(cell) && Number.isFinite(timeMs(cell))
}

/** Of a time without a zone, which is taken as UTC, in milliseconds since 1970. */
export function timeMs (cell: string): number {
  return Date.parse(`${cell.replace(' ', 'T')}Z`)
}

export function isNumber (cell: string): boolean {
  return plainNumber.test(cell)
}

/** One row of a table by column name. The prototype is empty, so that no column can hide one of its properties. */
export function rowOf (columns: string[], cells: string[]): Record<string, string> {
  const row = Object.create(null) as Record<string, string>
  columns.forEach((column, i) => { row[column] = cells[i] ?? '' })
  return row
}
