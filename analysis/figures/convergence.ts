import type { TopLevelSpec } from 'vega-lite'
import type { Faults } from '../faults.ts'
import type { Row } from '../rows.ts'
import { groupBy } from '../rows.ts'
import { thin } from '../statistics/index.ts'
import { faultRows, linkBands, presencePanel, sinceStart } from './fault-panels.ts'
import type { Caption, Cell, Drawing } from './figure.ts'
import { drawnRuns, fractionAxis, frame, layoutOf, legendBelow, panelTitle, plotWidth, pointsMax } from './figure.ts'

const metric = 'files_held_ratio'

/** The curves: of the peers that are there, how much they hold of all that was acknowledged. */
const curves = [
  { what: 'peers that hold every file', colour: '#000000', dash: [], of: (held: readonly number[]) => held.filter((value) => value >= 1).length / held.length },
  { what: 'files held, mean over peers', colour: '#0072B2', dash: [5, 2.5], of: (held: readonly number[]) => held.reduce((sum, value) => sum + value, 0) / held.length },
  { what: 'files held, least of any peer', colour: '#D55E00', dash: [1.5, 1.5], of: (held: readonly number[]) => Math.min(...held) }
] as const

interface Point {
  run: string
  what: string
  seconds: number
  fraction: number
}

/**
 * `convergence`: which part of the live peers holds everything, and how much of it they hold, over time, with what went wrong
 * behind and below; one row per run.
 */
export function drawConvergence (rows: readonly Row[], faults: readonly Faults[], caption: Caption): Drawing {
  const held = rows.filter((row) => row.metric === metric && row.measures.value !== undefined && row.measures.elapsed_ms !== undefined)
  if (held.length === 0) {
    return { name: 'convergence', missing: 'There is no convergence figure, for no row has files_held_ratio: the cases "churn" and "partition" measure it.' }
  }
  const { runs, remarks } = drawnRuns(held, caption)
  const points = runs.flatMap((run) => curvesOf(run, held.filter((row) => row.run === run)))
  const title = 'Convergence: how much of what was contributed the live peers hold'
  const own = faults.filter(({ run }) => runs.includes(run))
  const empty: Record<string, Cell> = { run: '', what: '', seconds: 0, fraction: null, until_seconds: null, instances: null }
  const drawn = [...points.map((point) => ({ ...empty, ...point })), ...faultRows(own, empty)]
  const spec = {
    ...frame(title, caption, [metric], ['Every peer that is there counts; files are those acknowledged to whoever contributed them by then.', ...remarks]),
    spacing: 10,
    vconcat: runs.flatMap((run) => runPanels(points.filter((point) => point.run === run), own.find((each) => each.run === run), {
      caption, title: runs.length === 1 ? undefined : `Run ${run}`
    }))
  } as unknown as TopLevelSpec
  return { figure: { name: 'convergence', title, width: layoutOf(caption).width, spec, drawn } }
}

function curvesOf (run: string, rows: readonly Row[]): Point[] {
  const times = [...groupBy(rows, (row) => String(row.measures.elapsed_ms))]
    .map(([time, own]) => ({ seconds: Number(time) / 1000, held: own.map(({ measures }) => measures.value as number) }))
    .sort((a, b) => a.seconds - b.seconds)
  return curves.flatMap(({ what, of }) => thin(times, pointsMax).map(({ seconds, held }) => ({ run, what, seconds, fraction: of(held) })))
}

interface PanelLook {
  caption: Caption
  title: string | undefined
}

function runPanels (points: readonly Point[], faults: Faults | undefined, { caption, title }: PanelLook): object[] {
  const endMs = Math.max(faults?.endMs ?? 0, ...points.map(({ seconds }) => seconds * 1000))
  const presence = presencePanel(faults, sinceStart(endMs, caption), caption)
  const x = sinceStart(endMs, caption, presence === undefined ? undefined : null)
  const names = curves.map(({ what }) => what)
  const legend = legendBelow(caption, 'strokes', { columns: 1, title: null })
  const byWhat = (channel: 'colour' | 'dash'): object =>
    ({ field: 'what', type: 'nominal', title: null, legend, scale: { domain: names, range: curves.map((curve) => curve[channel]) } })
  const width = plotWidth(caption, 1)
  return [
    {
      width, height: 120,
      ...(title === undefined ? {} : { title: panelTitle(title) }),
      layer: [
        ...linkBands(faults, endMs, x, width),
        {
          data: { values: points },
          mark: { type: 'line', strokeWidth: 1.4, strokeCap: 'butt' },
          encoding: { x, y: fractionAxis('fraction'), color: byWhat('colour'), strokeDash: byWhat('dash') }
        }
      ]
    },
    ...(presence === undefined ? [] : [{ width, ...presence }])
  ]
}
