import { join } from 'node:path'
import { isArchiveName } from './archive.ts'
import { againOf, factsOf, folderName, ranLine, sourceLine, verdictLine } from './describe.ts'
import { drawAll, isOwed } from './draw.ts'
import { pageFont } from './embed-font.ts'
import { FontError } from './errors.ts'
import type { Drawing, Layout } from './figures/figure.ts'
import { loadFonts } from './fonts.ts'
import type { FontFiles, Fonts } from './fonts.ts'
import { makeFigureFolder, printFigure, removeForms, writeForms } from './print.ts'
import type { Form } from './print.ts'
import type { RunFolder } from './read.ts'
import { readRunFolder } from './read.ts'
import { interactiveFigure } from './interactive.ts'
import type { Interactive } from './interactive.ts'
import { reportHtml } from './report.ts'
import type { Content } from './summary.ts'
import { summaryText } from './summary.ts'
import { buildTables } from './tables.ts'
import { describeInstance, warningsInBrief, warningsOf } from './warnings.ts'
import { writeTables } from './write-tables.ts'
import { writeWhole } from './write.ts'

export interface AnalyzeOptions {
  /** Hears one sentence per step. */
  onProgress?: (sentence: string) => void
  /** Where the files are written; by default the run folder itself, or a folder with the name of the archive beside it. */
  out?: string
  /** How figures are set; the whole page where nothing is said. */
  layout?: Layout
  /** Forms of figures that are written, all where nothing is said; SVG always is. */
  forms?: readonly Form[]
  /** The font of the figures, where it is not Inter as installed. */
  fontFiles?: FontFiles
}

export interface Analysis {
  /** Verdict, what ran, the main tables and warnings as text: what `summary.txt` holds. */
  table: string
  warnings: string[]
  /** False when the folder was cut short or parts of it are broken; what is there is analysed. */
  complete: boolean
  /** Rows that were read. */
  rows: number
  /** Path of the report. */
  report: string
  /** Paths of all files of figures that were written. */
  figures: string[]
}

/**
 * Reads a run folder or an archive of one, whole or cut short, and writes `summary.txt`, `tables/`, `figures/` and `report.html`.
 * The same folder gives the same bytes.
 *
 * @throws RunFolderError when it is no run folder, or nothing can be written
 */
export async function analyze (runFolder: string, options: AnalyzeOptions = {}): Promise<Analysis> {
  const progress = options.onProgress ?? (() => {})
  const folder = await readRunFolder(runFolder)
  progress(`Read ${folder.rows.length} rows of ${folder.instances.length} instances.`)
  const target = options.out ?? targetOf(folder.path)
  const found = warningsOf(folder)
  const warnings = found.map(({ sentence }) => sentence)
  const fonts = fontsOf(options)
  const drawings = drawAll(folder, found, options.layout)
  if (typeof fonts === 'string') warnings.unshift(fonts)
  const { rendered, paths } = await writeFigures(target, drawings, typeof fonts === 'string' ? undefined : fonts, options)
  const content = contentOf(folder, warnings, drawings)
  const table = summaryText(content)
  await writeTables(join(target, 'tables'), content.tables, found)
  await writeWhole(join(target, 'summary.txt'), table)
  const report = join(target, 'report.html')
  await writeWhole(report, reportHtml({
    ...content,
    title: titleOf(folder),
    caution: warningsInBrief(found),
    figures: rendered,
    font: typeof fonts === 'string' ? '' : pageFont(rendered.map(({ svg }) => svg), fonts),
    failures: failuresOf(folder),
    metrics: folder.run.metrics ?? [],
    again: againOf(folder),
    composition: folder.run.composition === undefined ? '' : JSON.stringify(folder.run.composition, null, 2)
  }))
  progress(`Wrote the report ${report}.`)
  return { table, warnings, complete: folder.complete && typeof fonts !== 'string', rows: folder.rows.length, report, figures: paths }
}

/** A run folder takes its own analysis in; what is made of an archive stands in a folder beside it. */
function targetOf (path: string): string {
  return isArchiveName(path) ? `${path.replace(/\.(tgz|tar\.gz|tar)$/i, '')}.analysis` : path
}

function contentOf (folder: RunFolder, warnings: readonly string[], drawings: readonly Drawing[]): Content {
  const { main, details } = buildTables(folder.rows, folder.run)
  return {
    verdict: verdictLine(folder),
    ran: ranLine(folder),
    source: sourceLine(folder),
    folder: folderName(folder),
    facts: factsOf(folder),
    tables: main,
    details,
    warnings,
    missing: drawings.flatMap((drawing) => 'missing' in drawing && isOwed(drawing.name, folder) ? [drawing.missing] : [])
  }
}

interface Written {
  rendered: Array<{ name: string, title: string, svg: string, interactive: Interactive }>
  paths: string[]
}

/** The font, or the sentence that says why no figure can be set: the numbers are as good without them. */
function fontsOf ({ fontFiles }: AnalyzeOptions): Fonts | string {
  try {
    return loadFonts(fontFiles)
  } catch (error) {
    if (error instanceof FontError) return error.message
    throw error
  }
}

async function writeFigures (
  path: string, drawings: readonly Drawing[], fonts: Fonts | undefined, { forms, onProgress }: AnalyzeOptions
): Promise<Written> {
  const folder = join(path, 'figures')
  await makeFigureFolder(folder)
  const rendered: Written['rendered'] = []
  const paths: string[] = []
  for (const drawing of drawings) {
    if ('missing' in drawing || fonts === undefined) {
      await removeForms(folder, 'missing' in drawing ? drawing.name : drawing.figure.name)
      continue
    }
    const { name, title } = drawing.figure
    const printed = await printFigure(drawing.figure, fonts, forms === undefined ? {} : { forms })
    paths.push(...await writeForms(folder, name, printed))
    rendered.push({ name, title, svg: printed.inline, interactive: interactiveFigure(drawing.figure.spec) })
    onProgress?.(`Drew the figure ${name}.`)
  }
  return { rendered, paths }
}

function titleOf ({ run }: RunFolder): string {
  const what = [run.plan, run.case].filter((part) => part !== undefined).join(' ')
  return what === '' ? 'PeersLab report' : `PeersLab report: ${what}`
}

/** Instances that did not succeed; those that were told to stop because of another one come last. */
function failuresOf ({ outcome }: RunFolder): Array<{ name: string, lastLines: readonly string[] }> {
  const failed = (outcome?.runs ?? []).flatMap(({ id, instances }) => instances
    .filter((instance) => instance.outcome !== 'success' && instance.outcome !== 'removed')
    .map((instance) => ({ id, instance })))
  return failed
    .sort((a, b) => Number(a.instance.outcome === 'missing') - Number(b.instance.outcome === 'missing'))
    .map(({ id, instance }) => ({ name: describeInstance(id, instance), lastLines: instance.lastLines ?? [] }))
}
