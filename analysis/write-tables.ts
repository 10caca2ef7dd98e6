import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFigureFolder } from './print.ts'
import { tableCsv, tableLatex, tableMarkdown } from './table-formats.ts'
import type { Table } from './table.ts'
import type { Warning } from './warnings.ts'
import { writeWhole } from './write.ts'

/**
 * Writes each table that has a name as Markdown, CSV and LaTeX, with the warnings that concern it as footnotes, and removes those of
 * an earlier analysis.
 *
 * @throws RunFolderError where the folder cannot be written
 */
export async function writeTables (folder: string, tables: readonly Table[], warnings: readonly Warning[]): Promise<void> {
  await makeFigureFolder(folder)
  for (const name of await readdir(folder)) if (/\.(md|csv|tex)$/.test(name)) await rm(join(folder, name))
  for (const table of tables) {
    const { name } = table
    if (name === undefined) continue
    const file = name.replace(/[^\w-]/g, '-')
    const footnotes = warnings.filter(({ metric }) => metric === undefined || metric === name).map(({ sentence }) => sentence)
    await writeWhole(join(folder, `${file}.md`), tableMarkdown(table, footnotes))
    await writeWhole(join(folder, `${file}.csv`), tableCsv(table))
    await writeWhole(join(folder, `${file}.tex`), tableLatex(table, file, footnotes))
  }
}
