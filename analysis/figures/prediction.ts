import type { TopLevelSpec } from 'vega-lite'
import type { Row } from '../rows.ts'
import { groupBy } from '../rows.ts'
import { mean } from '../statistics/index.ts'
import type { Caption, Cell, Drawing } from './figure.ts'
import { drawnRuns, frame, layoutOf, legendBelow, logTicks, modelScales, panelRows, panelTitle, plotWidth, wantsLog } from './figure.ts'

const metric = 'prediction_error_mape'

interface Point {
  run: string
  model: string
  /** "local" for what a peer learnt from its own data alone, "shared" for what had reached it. */
  data: 'local' | 'shared'
  fraction: number
  mape: number
  peers: number
}

/**
 * `prediction`: how wrong a model's predictions are, over which part of the corpus it has learnt from. A line through what had
 * reached the peers, means over them, and a sign of its own for what they learnt from their own data alone; one panel per run.
 */
export function drawPrediction (rows: readonly Row[], caption: Caption): Drawing {
  const usable = rows.filter(({ metric: name, measures, tags }) =>
    name === metric && measures.value !== undefined && Number.isFinite(Number(tags.corpus_held ?? NaN)))
  // Where a strategy rejected contributions there are rows for both; one figure shows those that all was learnt from.
  const strategies = [...new Set(usable.map(({ tags }) => tags.strategy ?? 'none'))]
  const strategy = strategies.includes('none') ? 'none' : strategies[0] ?? 'none'
  const wanted = usable.filter(({ tags }) => (tags.target ?? 'all') === 'all' && (tags.strategy ?? 'none') === strategy)
  if (wanted.length === 0) {
    return { name: 'prediction', missing: 'There is no figure of prediction errors, for no row has prediction_error_mape of all held-out executions: the case "modelling" measures it.' }
  }
  const { runs, remarks } = drawnRuns(wanted, caption)
  const points = runs.flatMap((run) => pointsOf(run, wanted.filter((row) => row.run === run)))
  const jobs = [...new Set(wanted.map(({ tags }) => tags.job ?? '-'))]
  const title = 'Prediction: how wrong models are, over the part of the data that has reached a peer'
  const notes = [
    `Job ${jobs.join(', ')}. Means over peers; lines: what had reached them; open signs: their own data alone.`,
    ...(strategies.length > 1 ? [`Drawn without ${strategies.filter((each) => each !== strategy).join(', ')}; the tables have all.`] : []),
    ...remarks
  ]
  const drawn = points.map((point): Record<string, Cell> => ({ ...point }))
  return { figure: { name: 'prediction', title, width: layoutOf(caption).width, spec: specOf(points, runs, caption, frame(title, caption, [metric], notes)), drawn } }
}

function pointsOf (run: string, rows: readonly Row[]): Point[] {
  const groups = groupBy(rows, ({ tags }) => JSON.stringify([tags.model ?? '-', tags.data === 'local' ? 'local' : 'shared', Number(tags.corpus_held).toFixed(2)]))
  return [...groups].map(([key, own]): Point => {
    const [model = '', data, fraction] = JSON.parse(key) as string[]
    const values = own.map(({ measures }) => measures.value as number)
    return {
      run, model, data: data === 'local' ? 'local' : 'shared', fraction: Number(fraction), peers: values.length,
      mape: mean(values)
    }
  }).sort((a, b) => (a.model < b.model ? -1 : a.model > b.model ? 1 : a.fraction - b.fraction))
}

function specOf (points: readonly Point[], runs: readonly string[], caption: Caption, common: object): TopLevelSpec {
  const panels = runs.map((run) => panel(points, run, runs.length, caption))
  const rows = Array.from({ length: Math.ceil(panels.length / 2) }, (_, row) => panels.slice(2 * row, 2 * row + 2))
  return { ...common, spacing: 14, vconcat: panelRows(caption, rows) } as unknown as TopLevelSpec
}

function panel (points: readonly Point[], run: string, runs: number, caption: Caption): object {
  const models = [...new Set(points.map(({ model }) => model))].sort()
  const { colour, dash } = modelScales(models)
  const values = points.map(({ mape }) => mape)
  const log = wantsLog(values)
  const [least, most] = [log ? Math.min(...values) / 1.15 : 0, Math.max(...values) * (log ? 1.15 : 1.08)]
  const x = { field: 'fraction', type: 'quantitative', title: 'part of the corpus learnt from', scale: { domain: [0, 1.03], nice: false }, axis: { format: '.1f', tickCount: 6 } }
  const y = {
    field: 'mape', type: 'quantitative', title: `mean absolute error (%${log ? ', log' : ''})`, scale: { type: log ? 'log' : 'linear', domain: [least, most], nice: false },
    axis: { format: ',~r', ...(log ? { values: logTicks(least, most) } : { tickCount: 5 }) }
  }
  const legend = legendBelow(caption, 'strokes')
  const by = (scale: object): object => ({ field: 'model', type: 'nominal', title: null, legend, scale })
  const own = points.filter((point) => point.run === run)
  const shared = own.filter(({ data }) => data === 'shared')
  const local = own.filter(({ data }) => data === 'local').sort((a, b) => a.mape - b.mape)
  return {
    width: plotWidth(caption, Math.min(2, runs)), height: 150,
    ...(runs > 1 ? { title: panelTitle(`Run ${run}`) } : {}),
    layer: [
      { data: { values: shared }, mark: { type: 'line', strokeWidth: 1.4, strokeCap: 'butt' }, encoding: { x, y, color: by(colour), strokeDash: by(dash) } },
      {
        data: { values: local },
        mark: { type: 'point', shape: 'circle', filled: false, size: 22, strokeWidth: 1.1, opacity: 1 },
        encoding: { x, y, color: by(colour) }
      },
      // To the left and to the right in turn, so that names of neighbours do not lie on each other.
      ...[{ align: 'left', dx: 5 }, { align: 'right', dx: -5 }].map((side, turn) => ({
        data: { values: local.filter((_, index) => index % 2 === turn) },
        mark: { type: 'text', fontSize: 6.5, color: '#222', ...side },
        encoding: { x, y, text: { field: 'model', type: 'nominal' } }
      }))
    ]
  }
}
