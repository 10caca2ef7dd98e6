import type { TopLevelSpec } from 'vega-lite'
import type { Faults } from '../faults.ts'
import type { Row } from '../rows.ts'
import { samplesOf } from '../samples.ts'
import { ecdf, thin } from '../statistics/index.ts'
import { faultRows, linkBands, presencePanel, sinceStart } from './fault-panels.ts'
import type { Caption, Cell, Drawing } from './figure.ts'
import { drawnRuns, fractionAxis, frame, layoutOf, legendBelow, logTicks, panelRows, panelTitle, plotWidth, pointsMax, wantsLog } from './figure.ts'

const lines = [
  { metric: 'files_available_ratio', what: 'files that a live peer holds', colour: '#000000', dash: [], of: 1 },
  { metric: 'peers_alive', what: 'peers that are there', colour: '#D55E00', dash: [4, 2], of: 0 }
]
const byFile = 'file_availability'
const rejoin = 'rejoin_ms'

/** Ways to come (back), as a reader calls them. */
const ways = [
  { name: 'joins', colour: '#0072B2', dash: [], is: ({ begins }: Row['tags']) => begins === 'join' },
  { name: 'comes back with its disk', colour: '#009E73', dash: [5, 2.5], is: ({ begins, disk }: Row['tags']) => begins !== 'join' && disk !== 'new' },
  { name: 'comes back without', colour: '#D55E00', dash: [1.5, 1.5], is: ({ begins, disk }: Row['tags']) => begins !== 'join' && disk === 'new' }
]

interface Point {
  run: string
  panel: 'over time' | 'by file' | 'rejoin'
  what: string
  x: number
  fraction: number
}

/**
 * `availability`: above, which part of the files some live peer holds and how many peers are there, over time, with what went wrong;
 * below, for which part of its time each file could be had, and how long a peer took that came or came back. One run a figure: the first.
 */
export function drawAvailability (rows: readonly Row[], faults: readonly Faults[], caption: Caption): Drawing {
  const own = rows.filter(({ metric }) => lines.some((line) => line.metric === metric) || metric === byFile)
  const { runs: [run = ''] } = drawnRuns(own, caption)
  const all = new Set(own.map((row) => row.run)).size
  const ofRun = rows.filter((row) => row.run === run)
  const points = [...overTime(ofRun), ...filePoints(ofRun), ...rejoinPoints(ofRun)].map((point): Point => ({ run, ...point }))
  if (own.length === 0 || !points.some(({ panel }) => panel !== 'rejoin')) {
    return { name: 'availability', missing: 'There is no figure of availability, for no row has files_available_ratio: the cases "churn" and "partition" measure it.' }
  }
  const title = 'Availability: whether files can be had while peers come and go'
  const notes = [
    ...(points.some(({ panel }) => panel === 'rejoin') ? ['Below right, a curve that ends below 1: the others had not caught up when their life, or the wait, was over.'] : []),
    ...(all > 1 ? [`Run ${run} is drawn, one of ${all}; the tables hold all.`] : [])
  ]
  const happened = faults.find((each) => each.run === run)
  const empty: Record<string, Cell> = { run: '', panel: null, what: '', seconds: null, fraction: null, until_seconds: null, instances: null, availability: null, rejoin_ms: null }
  const drawn = [
    ...points.map(({ panel, what, x, fraction }): Record<string, Cell> => ({
      ...empty, run, panel, what, fraction, [panel === 'over time' ? 'seconds' : panel === 'by file' ? 'availability' : 'rejoin_ms']: x
    })),
    ...faultRows(happened === undefined ? [] : [happened], empty)
  ]
  const common = frame(title, caption, [...lines.map(({ metric }) => metric), byFile, rejoin], notes)
  return { figure: { name: 'availability', title, width: layoutOf(caption).width, spec: specOf(points, happened, caption, common), drawn } }
}

function overTime (rows: readonly Row[]): Array<Omit<Point, 'run'>> {
  return lines.flatMap(({ metric, what, of }) => {
    const own = rows.filter((row) => row.metric === metric && row.measures.elapsed_ms !== undefined && row.measures.value !== undefined)
    const points = own.map(({ measures }) => {
      const value = measures.value as number
      return { panel: 'over time' as const, what, x: (measures.elapsed_ms as number) / 1000, fraction: of === 1 ? value : value / (measures.of ?? NaN) }
    })
    return thin(points.filter(({ fraction }) => Number.isFinite(fraction)).sort((a, b) => a.x - b.x), pointsMax)
  })
}

/** Which part of files could be had for at least so much of their time: a survival curve, from the left. */
function filePoints (rows: readonly Row[]): Array<Omit<Point, 'run'>> {
  const values = rows.filter((row) => row.metric === byFile).flatMap(({ measures }) => measures.value ?? []).sort((a, b) => a - b)
  const points = values.map((value, index) => ({ panel: 'by file' as const, what: 'files', x: value, fraction: (values.length - index) / values.length }))
  return points.length === 0 ? [] : thin([{ panel: 'by file' as const, what: 'files', x: 0, fraction: 1 }, ...points], pointsMax)
}

function rejoinPoints (rows: readonly Row[]): Array<Omit<Point, 'run'>> {
  return ways.flatMap(({ name, is }) => {
    const { samples } = samplesOf(rows.filter((row) => row.metric === rejoin && is(row.tags)))
    const steps = ecdf(samples)
    const [first] = steps
    // A logarithmic axis has no 0, and a peer that lacks nothing takes none.
    const points = steps.map(({ value, fraction }) => ({ panel: 'rejoin' as const, what: name, x: Math.max(value, 1), fraction }))
    return first === undefined ? [] : [{ panel: 'rejoin' as const, what: name, x: Math.max(first.value, 1), fraction: 0 }, ...thin(points, pointsMax)]
  })
}

function specOf (points: readonly Point[], faults: Faults | undefined, caption: Caption, common: object): TopLevelSpec {
  const of = (panel: Point['panel']): Point[] => points.filter((point) => point.panel === panel)
  const endMs = Math.max(faults?.endMs ?? 0, ...of('over time').map(({ x }) => x * 1000))
  const presence = presencePanel(faults, sinceStart(endMs, caption), caption)
  const x = sinceStart(endMs, caption, presence === undefined ? undefined : null)
  const width = plotWidth(caption, 1)
  const below = [
    ...(of('by file').length === 0 ? [] : [filePanel(of('by file'))]),
    ...(of('rejoin').length === 0 ? [] : [rejoinPanel(of('rejoin'), caption)])
  ]
  return {
    ...common,
    spacing: 12,
    vconcat: [
      {
        width, height: 100,
        layer: [
          ...linkBands(faults, endMs, x, width),
          curveLayer(of('over time').map((point) => ({ ...point, seconds: point.x })), x, lines.map((line) => ({ ...line, name: line.what })), legendBelow(caption, 'strokes', { columns: 2 }))
        ]
      },
      ...(presence === undefined ? [] : [{ width, ...presence }]),
      ...panelRows(caption, [below])
    ],
    resolve: {
      scale: { color: 'independent', strokeDash: 'independent', fill: 'independent' },
      legend: { color: 'independent', strokeDash: 'independent', fill: 'independent' }
    }
  } as unknown as TopLevelSpec
}

interface Look {
  name: string
  colour: string
  dash: readonly number[]
}

function curveLayer (values: readonly object[], x: object, looks: readonly Look[], legend: object | null): object {
  const by = (channel: 'colour' | 'dash'): object =>
    ({ field: 'what', type: 'nominal', title: null, legend, scale: { domain: looks.map(({ name }) => name), range: looks.map((look) => look[channel]) } })
  return {
    data: { values },
    mark: { type: 'line', interpolate: 'step-after', strokeWidth: 1.4, strokeCap: 'butt' },
    encoding: { x, y: fractionAxis('fraction'), color: by('colour'), strokeDash: by('dash') }
  }
}

function filePanel (points: readonly Point[]): object {
  const x = { field: 'x', type: 'quantitative', title: 'part of its time that a file could be had', scale: { domain: [0, 1.02], nice: false }, axis: { format: '.1f', tickCount: 6 } }
  return {
    height: 100,
    title: panelTitle('Files that could be had at least so long'),
    data: { values: points },
    mark: { type: 'line', interpolate: 'step-before', strokeWidth: 1.4, strokeCap: 'butt', color: '#000' },
    encoding: { x, y: fractionAxis('fraction of files') }
  }
}

function rejoinPanel (points: readonly Point[], caption: Caption): object {
  const values = points.map(({ x }) => x)
  const log = wantsLog(values)
  const [least, most] = [log ? Math.min(...values) / 1.15 : 0, Math.max(...values) * 1.1]
  const x = {
    field: 'x', type: 'quantitative', title: `time until it holds everything (ms${log ? ', log' : ''})`,
    scale: { type: log ? 'log' : 'linear', domain: [least, most], nice: false },
    axis: { format: ',~r', labelOverlap: 'greedy', ...(log ? { values: logTicks(least, most) } : { tickCount: 5 }) }
  }
  const legend = legendBelow(caption, 'strokes', { columns: 1 })
  return {
    height: 100,
    title: panelTitle('Peers that come, or come back'),
    layer: [curveLayer(points, x, ways.filter(({ name }) => points.some(({ what }) => what === name)), legend)]
  }
}
