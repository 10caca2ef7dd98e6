import { join } from 'node:path'
import { drawForest } from '../figures/forest.ts'
import { loadFonts } from '../fonts.ts'
import { makeFigureFolder, printFigure, removeForms, writeForms } from '../print.ts'
import { writeWhole } from '../write.ts'
import { formatComparison } from './formats.ts'
import type { Layout } from '../figures/figure.ts'
import type { FontFiles } from '../fonts.ts'
import type { Form } from '../print.ts'
import type { Warning } from '../warnings.ts'
import type { StudyComparison } from './compare.ts'
import type { Doubt } from './doubts.ts'
import type { ComparisonFormat } from './formats.ts'

export interface WriteOptions {
  /** The folder that all is written into; it is made where there is none. */
  out: string
  /** How the figure is set; the whole page where nothing is said. */
  layout?: Layout
  /** Forms of the figure that are written, all where nothing is said; SVG always is. */
  forms?: readonly Form[]
  /** The font of the figure, where it is not Inter as installed. */
  fontFiles?: FontFiles
}

const extensions: Readonly<Record<ComparisonFormat, string>> = { text: 'txt', markdown: 'md', latex: 'tex', csv: 'csv', json: 'json', junit: 'xml' }

/** What a figure has room to say of each kind of doubt. */
const briefs: Readonly<Record<Doubt['kind'], string>> = {
  'left out': 'runs left out', problem: 'parts of runs are missing or broken', pairs: 'runs without a partner',
  'hidden difference': 'hidden differences', order: 'sides did not take turns', cpu: 'CPU busy', 'event loop': 'event loops late',
  clock: 'clocks apart', drift: 'drift over the runs', 'two heaps': 'values in two heaps'
}

/**
 * Writes a comparison as `comparison.txt`, `.md`, `.tex`, `.csv`, `.json` and `.xml` (JUnit), and as the figure `forest` in its
 * forms. The numbers are written first, so that they are there where no figure can be.
 *
 * @returns the paths of all files
 * @throws RunFolderError where the folder cannot be written
 * @throws FontError where the font of the figure is missing
 */
export async function writeComparison (comparison: StudyComparison, { out, layout, forms, fontFiles }: WriteOptions): Promise<string[]> {
  await makeFigureFolder(out)
  const paths: string[] = []
  for (const [format, extension] of Object.entries(extensions) as Array<[ComparisonFormat, string]>) {
    const path = join(out, `comparison.${extension}`)
    await writeWhole(path, formatComparison(comparison, format))
    paths.push(path)
  }
  const warnings = comparison.warnings.map(({ kind, ...doubt }): Warning => ({ brief: briefs[kind], ...doubt }))
  const drawing = drawForest(comparison, {
    source: comparison.source, warnings, regions: [], fullWarnings: 'comparison.txt', ...layout === undefined ? {} : { layout }
  })
  await removeForms(out, 'forest')
  if ('missing' in drawing) return paths
  const printed = await printFigure(drawing.figure, loadFonts(fontFiles), forms === undefined ? {} : { forms })
  return [...paths, ...await writeForms(out, drawing.figure.name, printed)]
}
