import { c3oColumns, reportSchema, rowOf } from './formats.ts'
import type { Contribution } from '../../contribution.ts'
import type { ContentFile, ReportFile, TableFile } from '../content-file.ts'
import type { Run } from '../run-history.ts'

/** Columns of C3O tables that say how large the input is, beside `data_size_MB`: one model is of inputs of all sizes. */
const sizeColumns = ['lines', 'observations', 'pages', 'links']

/**
 * The runs that files tell of. Expects that schema and ranges were found in order. What a report does not say, such as
 * the machine type, is taken from the contribution's attributes.
 */
export function runsOf (files: ContentFile[], contribution: Contribution): Run[] {
  return files.flatMap((file) => {
    switch (file.kind) {
      case 'report': return reportRuns(file, contribution)
      case 'c3o': return tableRuns(file, contribution)
      default: return []
    }
  })
}

function reportRuns ({ value }: ReportFile, { attributes }: Contribution): Run[] {
  const report = reportSchema.parse(value)

  if (!report.completed) {
    return []
  }

  const size = Math.max(0, report.input_size)
  const machines = Number(attributes['instance_count'] ?? 1)
  const machineCount = Number.isInteger(machines) && machines > 0 ? machines : 1
  // Where only a class of sizes is known, a model is of one class.
  const group = key('scout', report.framework, report.workload, attributes['machine_type'] ?? '', size === 0 ? report.datasize : '')
  const configuration = key(group, report.datasize, String(size), String(machineCount))
  return [{ group, configuration, machineCount, size, runtimeSeconds: report.elapsed_time, at: report.timestamp }]
}

function tableRuns ({ columns, rows }: TableFile, { attributes }: Contribution): Run[] {
  const described = columns.filter((column) => !(c3oColumns as readonly string[]).includes(column))
  const settings = described.filter((column) => !sizeColumns.includes(column))

  return rows.map((cells) => {
    const row = rowOf(columns, cells)
    const chosen = (names: string[]): string[] => names.map((name) => `${name}=${row[name] ?? ''}`)
    const group = key('c3o', attributes['workload'] ?? '', row['machine_type'] ?? '', ...chosen(settings))
    return {
      group,
      configuration: key(group, ...chosen([...described, 'data_size_MB', 'instance_count'])),
      machineCount: Number(row['instance_count']),
      size: Number(row['data_size_MB']),
      runtimeSeconds: Number(row['gross_runtime'])
    }
  })
}

function key (...parts: string[]): string {
  return JSON.stringify(parts)
}
