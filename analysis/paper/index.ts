import { join } from 'node:path'
import { drawBootstrappingCluster } from '../figures/bootstrapping-cluster.ts'
import { layouts } from '../figures/figure.ts'
import { drawReplicationPrototype } from '../figures/replication-prototype.ts'
import { loadFonts } from '../fonts.ts'
import { PaperError } from '../errors.ts'
import { makeFigureFolder, printFigure, removeForms, writeForms } from '../print.ts'
import { tableLatex } from '../table-formats.ts'
import { writeTables } from '../write-tables.ts'
import { writeWhole } from '../write.ts'
import { readPaperStudy } from './study.ts'
import { bootstrappingTable, replicationTable } from './tables.ts'
import { paperTex } from './tex.ts'
import type { Caption, Drawing } from '../figures/figure.ts'
import type { FontFiles } from '../fonts.ts'
import type { Table } from '../table.ts'
import type { Warning } from '../warnings.ts'
import type { PaperRun } from './study.ts'

export interface PaperOptions {
  /** Where the files are written. */
  out: string
  /** Hears one sentence per step. */
  onProgress?: (sentence: string) => void
  /** The font of the figures, where it is not Inter as installed. */
  fontFiles?: FontFiles
}

export interface Paper {
  /** Path of figures.tex. */
  tex: string
  /** Names of the figures that were drawn. */
  figures: string[]
  /** Experiments that could not be drawn, one sentence each. */
  missing: string[]
  warnings: string[]
}

/** The paper's experiments: the composition that repeats each, and the case that measures it. */
const experiments = [
  { name: 'replication', composition: 'paper-replication', cases: ['replication'] },
  { name: 'bootstrapping', composition: 'paper-bootstrapping', cases: ['bootstrapping'] }
] as const
/** Runs from which the range of the medians covers the true median with at least 95 %. */
const runsForInterval = 6
/** Fewer entries than this are another experiment than the prototype's, which posted more than ten thousand. */
const entriesMin = 10_000

/**
 * Writes the paper's two experiments from a study as figures of one column, ours beside the prototype's series, their numbers as
 * tables, and `figures.tex`, which compiles by itself.
 *
 * @throws PaperError where the study has nothing of either experiment, or of one of several compositions
 * @throws RunFolderError where the folder cannot be written
 * @throws FontError where the font is missing
 */
export async function writePaper (study: string, { out, onProgress = () => {}, fontFiles }: PaperOptions): Promise<Paper> {
  const { runs, leftOut } = await readPaperStudy(study, onProgress)
  const fonts = loadFonts(fontFiles)
  const parts = experiments.map((experiment) => {
    const own = runsOf(experiment, runs)
    const warnings = warningsOf(own, leftOut)
    return { own, warnings, ...(experiment.name === 'replication' ? replication(own, warnings) : bootstrapping(own, warnings)) }
  })
  if (parts.every(({ drawing }) => 'missing' in drawing)) {
    throw new PaperError(`${study} shows neither of the paper's experiments: run composition/paper-replication.toml and composition/paper-bootstrapping.toml.`)
  }
  await makeFigureFolder(out)
  const drawn: Array<{ name: string, title: string }> = []
  const missing: string[] = []
  for (const { drawing } of parts) {
    if ('missing' in drawing) {
      missing.push(drawing.missing)
      await removeForms(out, drawing.name)
      continue
    }
    const { name, title } = drawing.figure
    await writeForms(out, name, await printFigure(drawing.figure, fonts))
    drawn.push({ name, title })
    onProgress(`Drew the figure ${name}.`)
  }
  const shown = parts.filter(({ drawing }) => !('missing' in drawing))
  await writeTables(join(out, 'tables'), shown.map(({ table }) => table), shown.flatMap(({ warnings }) => warnings))
  const tex = join(out, 'figures.tex')
  await writeWhole(tex, paperTex({
    figures: drawn,
    tables: shown.map(({ table, warnings }) => tableLatex(table, table.name ?? '', warnings.map(({ sentence }) => sentence))),
    facts: shown.flatMap(({ own }) => own.map(factOf))
  }))
  const sentences = shown.flatMap(({ warnings }) => warnings.map(({ sentence }) => sentence))
  return { tex, figures: drawn.map(({ name }) => name), missing, warnings: [...new Set(sentences)] }
}

function factOf ({ composition, name, source, commit }: PaperRun): string {
  return [`${composition}/${name}`, ...[...source].map(([label, value]) => `${label} ${value}`), `commit ${commit}`].join(', ')
}

/** The runs of one experiment: those of the paper's own composition where there are some, else those of one other. */
function runsOf ({ name, composition, cases }: typeof experiments[number], runs: readonly PaperRun[]): PaperRun[] {
  const own = runs.filter((run) => run.composition === composition)
  if (own.length > 0) return own
  const others = runs.filter((run) => (cases as readonly string[]).includes(run.case))
  const compositions = [...new Set(others.map((run) => run.composition))]
  if (compositions.length > 1) {
    throw new PaperError(`The study has runs of ${compositions.join(' and ')} for the experiment ${name}, and a figure of both would be of neither: give the folder of one of them.`)
  }
  return others
}

function replication (runs: readonly PaperRun[], warnings: readonly Warning[]): { drawing: Drawing, table: Table } {
  const peers = runs.flatMap((run) => run.replication)
  const caption = captionOf(runs, warnings)
  return { drawing: drawReplicationPrototype(peers, caption), table: replicationTable(peers, caption.regions) }
}

function bootstrapping (runs: readonly PaperRun[], warnings: readonly Warning[]): { drawing: Drawing, table: Table } {
  const points = runs.flatMap((run) => run.bootstrapping)
  return { drawing: drawBootstrappingCluster(points, captionOf(runs, warnings)), table: bootstrappingTable(points) }
}

function captionOf (runs: readonly PaperRun[], warnings: readonly Warning[]): Caption {
  const labels = [...new Set(runs.flatMap(({ source }) => [...source.keys()]))]
  const source = labels.map((label) => {
    const values = [...new Set(runs.map((run) => run.source.get(label) ?? 'unknown'))]
    return `${label} ${values.length > 3 ? `${values[0]} to ${values.at(-1)}` : values.join(', ')}`
  }).join(' · ')
  return { source, warnings, regions: runs[0]?.regions ?? [], layout: layouts.column }
}

function warningsOf (runs: readonly PaperRun[], leftOut: readonly string[]): Warning[] {
  const differing = ['runner', 'fidelity', 'network'].filter((label) => new Set(runs.map(({ source }) => source.get(label))).size > 1)
  return [
    ...(runs.length > 0 && runs.length < runsForInterval
      ? [{ sentence: `A median of runs needs ${runsForInterval} for a 95 % interval, and there ${runs.length === 1 ? 'is 1' : `are ${runs.length}`}: points are peers, which one run has in common.`, brief: runs.length === 1 ? 'one run only' : `${runs.length} runs only` }]
      : []),
    ...scaledDown(runs),
    ...(runs.some(({ source }) => source.get('runner') === 'sim')
      ? [{ sentence: 'A simulation counts no time for computing unless it was told the costs; the prototype was slowed down by it.', brief: 'no time for computing' }]
      : []),
    ...differing.map((label) => ({ sentence: `The runs differ in ${label}.`, brief: `runs differ in ${label}` })),
    ...leftOut.map((sentence) => ({ sentence, brief: 'runs left out' }))
  ]
}

function scaledDown (runs: readonly PaperRun[]): Warning[] {
  const fewest = runs.reduce((least, { entries }) => Math.min(least, entries), Infinity)
  if (fewest >= entriesMin) return []
  return [{
    sentence: `Runs had as few as ${fewest} entries where the prototype had more than ${entriesMin.toLocaleString('en')}: their times show what is left of the experiment, and not which is faster.`,
    brief: `${fewest} entries against more than ${entriesMin.toLocaleString('en')}`
  }]
}
