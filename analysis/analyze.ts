import { lstat, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { csv } from './csv.ts'
import { factsOf, sourceLine, verdictLine } from './describe.ts'
import { RunFolderError } from './errors.ts'
import { drawBootstrapping } from './figures/bootstrapping.ts'
import { drawReplication } from './figures/ecdf.ts'
import type { Caption, Drawing, Figure } from './figures/figure.ts'
import { drawLink } from './figures/link.ts'
import type { RunFolder } from './read.ts'
import { readRunFolder } from './read.ts'
import { renderPng, renderSvg } from './render.ts'
import { reportHtml } from './report.ts'
import type { Content } from './summary.ts'
import { summaryText } from './summary.ts'
import { buildTables } from './tables.ts'
import type { Warning } from './warnings.ts'
import { describeInstance, warningsOf } from './warnings.ts'
import { writeWhole } from './write.ts'

export interface AnalyzeOptions {
  /** Hears one sentence per step. */
  onProgress?: (sentence: string) => void
}

export interface Analysis {
  /** Verdict, what was run, tables and warnings as text: what `summary.txt` holds. */
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

/** Files of a figure, and what each is. */
const extensions = ['vl.json', 'csv', 'svg', 'png']

/**
 * Reads a run folder, whole or cut short, and writes `summary.txt`, `figures/` and `report.html` into
 * it. The same folder gives the same bytes.
 *
 * @throws RunFolderError when it is no run folder, or cannot be written
 */
export async function analyze (runFolder: string, options: AnalyzeOptions = {}): Promise<Analysis> {
  const progress = options.onProgress ?? (() => {})
  const folder = await readRunFolder(runFolder)
  progress(`Read ${folder.rows.length} rows of ${folder.instances.length} instances.`)
  const found = warningsOf(folder)
  const warnings = found.map(({ sentence }) => sentence)
  const drawings = draw(folder, found)
  const { rendered, paths } = await writeFigures(folder.path, drawings, progress)
  const content: Content = {
    verdict: verdictLine(folder),
    facts: factsOf(folder),
    tables: buildTables(folder.rows, folder.run),
    warnings,
    missing: drawings.flatMap((drawing) => 'missing' in drawing ? [drawing.missing] : [])
  }
  const table = summaryText(content)
  await writeWhole(join(folder.path, 'summary.txt'), table)
  const report = join(folder.path, 'report.html')
  await writeWhole(report, reportHtml({
    ...content,
    title: titleOf(folder),
    source: sourceLine(folder),
    figures: rendered,
    failures: failuresOf(folder),
    composition: folder.run.composition === undefined ? '' : JSON.stringify(folder.run.composition, null, 2)
  }))
  progress(`Wrote the report ${report}.`)
  return { table, warnings, complete: folder.complete, rows: folder.rows.length, report, figures: paths }
}

/** The figures of a run; `link` only where its case ran, the other two are always owed. */
function draw (folder: RunFolder, warnings: readonly Warning[]): Drawing[] {
  const { run, rows } = folder
  const caption: Caption = { source: sourceLine(folder), warnings, regions: run.network?.regions ?? [] }
  const link = drawLink(rows, caption)
  return [
    drawReplication(rows, caption, run.network?.oneWayLatencyMs ?? {}),
    drawBootstrapping(rows, caption),
    ...('figure' in link || run.case === 'link' ? [link] : [])
  ]
}

interface Written {
  rendered: Array<{ name: string, title: string, svg: string }>
  paths: string[]
}

async function writeFigures (path: string, drawings: readonly Drawing[], progress: (sentence: string) => void): Promise<Written> {
  const figures = join(path, 'figures')
  const info = await lstat(figures).catch(() => undefined)
  if (info !== undefined && !info.isDirectory()) throw new RunFolderError(`${figures} is no folder, so that no figures can be written there: move it away and analyse again.`)
  await mkdir(figures, { recursive: true }).catch((error: unknown) => {
    throw new RunFolderError(`Cannot make ${figures}: ${(error as Error).message}. Make the folder writable, or copy it to where you may write and analyse the copy.`)
  })
  const rendered: Written['rendered'] = []
  const paths: string[] = []
  for (const drawing of drawings) {
    if ('missing' in drawing) {
      // A figure of an earlier analysis would contradict this report.
      for (const extension of extensions) await rm(join(figures, `${drawing.name}.${extension}`), { force: true })
      continue
    }
    const { svg, files } = await render(drawing.figure)
    for (const [index, data] of files.entries()) {
      const file = join(figures, `${drawing.figure.name}.${extensions[index]}`)
      await writeWhole(file, data)
      paths.push(file)
    }
    rendered.push({ name: drawing.figure.name, title: drawing.figure.title, svg })
    progress(`Drew the figure ${drawing.figure.name}.`)
  }
  return { rendered, paths }
}

/** The contents of a figure's files, in the order of `extensions`. */
async function render ({ spec, drawn }: Figure): Promise<{ svg: string, files: Array<string | Uint8Array> }> {
  const svg = await renderSvg(spec)
  return { svg, files: [JSON.stringify(spec, null, 2) + '\n', csv(drawn), svg, renderPng(svg)] }
}

function titleOf ({ run }: RunFolder): string {
  const what = [run.plan, run.case].filter((part) => part !== undefined).join(' ')
  return what === '' ? 'PeersLab report' : `PeersLab report: ${what}`
}

function failuresOf ({ outcome }: RunFolder): Array<{ name: string, lastLines: readonly string[] }> {
  return (outcome?.runs ?? []).flatMap(({ id, instances }) => instances
    .filter((instance) => instance.outcome !== 'success')
    .map((instance) => ({ name: describeInstance(id, instance), lastLines: instance.lastLines ?? [] })))
}
