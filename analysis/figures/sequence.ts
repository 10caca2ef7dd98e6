import type { TopLevelSpec } from 'vega-lite'
import { carriages } from '../read-sequence.ts'
import type { Sequence } from '../read-sequence.ts'
import { formatNumber, scaleFor } from '../units.ts'
import type { Caption, Cell, Drawing } from './figure.ts'
import { drawnRuns, frame, isNarrow, layoutOf, panelTitle, strokeSigns } from './figure.ts'
import type { Arrow, Episode } from './sequence-panels.ts'
import { arrowsOf, episodesOf } from './sequence-panels.ts'

/** In points. */
const widths = { page: 434, column: 176 }
const rowHeight = 15
/** Between the last arrow and the right end, for its label. */
const labelWidth = 72
const headLength = 6
/** Lifelines of one panel, and panels; the CSV of the run holds all. */
const instancesMax = 40
const episodesMax = 4

type Carriage = typeof carriages[number]

const looks: Record<Carriage, { colour: string, dash: number[], strokeWidth: number }> = {
  'entry and file': { colour: '#0072B2', dash: [], strokeWidth: 1.5 },
  entry: { colour: '#000000', dash: [], strokeWidth: 0.8 },
  file: { colour: '#009E73', dash: [9, 2], strokeWidth: 1.2 },
  want: { colour: '#D55E00', dash: [4, 2.5], strokeWidth: 0.9 },
  announcement: { colour: '#777777', dash: [1.2, 2], strokeWidth: 1.1 }
}

/**
 * `sequence`: how one contribution came to the instances. Each has a line along the time, and an arrow leads from where
 * and when a message was sent to where and when it was received; one panel for what happened without a long pause.
 */
export function drawSequence (sequences: readonly Sequence[], caption: Caption): Drawing {
  const { runs, remarks } = drawnRuns(sequences, caption)
  const all = sequences.filter(({ run }) => runs.includes(run)).map((sequence) => ({ run: sequence.run, arrows: arrowsOf(sequence) }))
  const every = all.flatMap(({ run, arrows }) => episodesOf(run, arrows))
  const episodes = every.slice(0, episodesMax).map(shorten)
  if (episodes.length === 0) {
    return { name: 'sequence', missing: 'There is no sequence figure, for no message carried the contribution: run with --runner sim --contribution and its name or CID.' }
  }
  const count = (parts: ReadonlyArray<{ arrows: readonly unknown[] }>): number => parts.reduce((sum, { arrows }) => sum + arrows.length, 0)
  const names = [...new Set(sequences.map(({ name }) => name).filter((name) => name !== ''))]
  const title = 'Sequence: how one contribution came to the instances'
  const notes = [
    ...names.map((name) => `Contribution ${name}.`),
    'Labels: first arrival after the first message, and size of the message that brought it.',
    ...(count(episodes) < count(all) ? [`${count(episodes)} of ${count(all)} messages are drawn, those first that brought an instance something for the first time.`] : []),
    ...(episodes.length < every.length ? [`${episodes.length} of ${every.length} episodes are drawn; sequence.csv of the run holds all.`] : []),
    ...remarks
  ]
  const drawn = episodes.flatMap(({ run, arrows }, index) => arrows.map((arrow): Record<string, Cell> => {
    const { sentMs, receivedMs, from, to, protocol, bytes, what } = arrow
    return { run, episode: index + 1, sent_ms: sentMs, received_ms: receivedMs, from, to, protocol, bytes, what }
  }))
  const occurring = carriages.filter((what) => drawn.some((message) => message.what === what))
  const spec = {
    ...frame(title, caption, [], [...notes, ...(occurring.length > 1 ? [] : [`Every arrow: ${occurring[0]}.`])]),
    spacing: 14,
    vconcat: episodes.map((episode) => panel(episode, {
      occurring, isNarrow: isNarrow(caption), namesRun: runs.length > 1, isLast: episode === episodes.at(-1)
    })),
    resolve: { scale: { x: 'independent', y: 'independent' } }
  } as unknown as TopLevelSpec
  return { figure: { name: 'sequence', title, width: layoutOf(caption).width, spec, drawn } }
}

/** An episode with no more lifelines than a page holds: those that took part first. */
function shorten ({ run, instances, arrows }: Episode): Episode {
  const kept = instances.slice(0, instancesMax)
  return { run, instances: kept, arrows: arrows.filter(({ from, to }) => kept.includes(from) && kept.includes(to)) }
}

interface PanelLook {
  /** How messages of the figure carry the contribution. */
  occurring: readonly Carriage[]
  isNarrow: boolean
  namesRun: boolean
  isLast: boolean
}

function panel ({ run, instances, arrows }: Episode, { occurring, isNarrow, namesRun, isLast }: PanelLook): object {
  const width = isNarrow ? widths.column : widths.page
  const startMs = arrows.reduce((least, { sentMs }) => Math.min(least, sentMs), Infinity)
  const spanMs = Math.max(...arrows.map(({ receivedMs }) => receivedMs - startMs), 0.001)
  const endMs = startMs + spanMs * width / (width - labelWidth)
  const pointsPerMs = width / (endMs - startMs)
  const values = arrows.map((arrow) => geometry(arrow, instances, pointsPerMs))
  const rows = instances.map((_, row) => row)
  const byWhat = (channel: 'colour' | 'dash' | 'strokeWidth'): object => ({
    field: 'what', type: 'ordinal', title: null,
    scale: { domain: occurring, range: occurring.map((what) => looks[what][channel]) },
    legend: occurring.length > 1 ? { orient: 'bottom', columns: isNarrow ? 2 : 5, ...strokeSigns(isNarrow ? 15 : 20) } : null
  })
  const x = (field: string): object => ({
    field, type: 'quantitative', scale: { domain: [startMs, endMs], nice: false, zero: false },
    title: isLast ? 'time since the first message that carried it (ms)' : null, axis: { tickCount: isNarrow ? 4 : 7, format: ',~r', grid: false }
  })
  const y = (field: string): object => ({
    field, type: 'quantitative', scale: { domain: [-0.6, instances.length - 0.4], reverse: true, nice: false, zero: false }, title: null,
    axis: { values: rows, labelExpr: `${JSON.stringify(instances)}[datum.value]`, gridColor: '#c8c8c8', domain: false, ticks: false, labelLimit: isNarrow ? 60 : 110 }
  })
  return {
    ...(namesRun ? { title: panelTitle(`Run ${run}`) } : {}),
    width, height: rowHeight * (instances.length + 0.2), data: { values },
    layer: [
      {
        mark: { type: 'rule', strokeCap: 'butt' },
        encoding: {
          x: x('sent'), x2: { field: 'headReceived' }, y: y('fromRow'), y2: { field: 'headRow' },
          color: byWhat('colour'), strokeDash: byWhat('dash'), strokeWidth: byWhat('strokeWidth')
        }
      },
      {
        mark: { type: 'point', shape: 'M0,-1L0.55,1L-0.55,1Z', filled: true, size: headLength ** 2, opacity: 1 },
        encoding: {
          x: x('headReceived'), y: y('headRow'), angle: { field: 'angle', type: 'quantitative', scale: null, legend: null },
          color: byWhat('colour')
        }
      },
      // White below each label keeps arrows apart that cross it.
      ...[{ stroke: 'white', strokeWidth: 2.5 }, { color: '#222' }].map((paint) => ({
        data: { values: values.filter(({ label }) => label !== '') },
        mark: { type: 'text', align: 'left', dx: 4, dy: -4, fontSize: 7, ...paint },
        encoding: { x: x('received'), y: y('toRow'), text: { field: 'label', type: 'nominal' } }
      }))
    ]
  }
}

/** Where an arrow lies, in ms and rows, its head with the tip at the receiver's line. */
function geometry ({ sentMs, receivedMs, from, to, what, bytes, isFirst }: Arrow, instances: readonly string[], pointsPerMs: number) {
  const [fromRow, toRow] = [instances.indexOf(from), instances.indexOf(to)]
  const [right, down] = [(receivedMs - sentMs) * pointsPerMs, (toRow - fromRow) * rowHeight]
  const length = Math.hypot(right, down) || 1
  const { unit, divisor } = scaleFor('B', bytes)
  return {
    what, fromRow, toRow, sent: sentMs, received: receivedMs,
    headReceived: receivedMs - right / length * headLength / 2 / pointsPerMs,
    headRow: toRow - down / length * headLength / 2 / rowHeight,
    // Clockwise from up, in degrees.
    angle: Math.atan2(right, -down) * 180 / Math.PI,
    label: isFirst ? `${receivedMs < 1000 ? formatNumber(receivedMs) : Math.round(receivedMs).toLocaleString('en')} ms, ${formatNumber(bytes / divisor)} ${unit}` : ''
  }
}
