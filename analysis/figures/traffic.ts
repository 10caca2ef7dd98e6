import type { TopLevelSpec } from 'vega-lite'
import type { Row } from '../rows.ts'
import { instanceKey } from '../rows.ts'
import { scaleFor } from '../units.ts'
import type { Scale } from '../units.ts'
import type { Caption, Cell, Drawing } from './figure.ts'
import { drawnRegions, drawnRuns, frame, isNarrow, layoutOf, legendBelow, panelRows, panelTitle, regionRemarks } from './figure.ts'

const metrics = ['protocol_bytes_received', 'bytes_received', 'redundancy']
const overhead = 'encryption, framing and negotiation'
/** Protocols with a colour of their own; what is less than the others stands together. */
const protocolsMax = 6
/** Dark to light, so that neighbours in a stack differ in grey as well. */
const colours = ['#00304f', '#0072B2', '#009E73', '#D55E00', '#56B4E9', '#E69F00', '#e0e0e0']
const isLight = [false, false, false, false, true, true, true]
const rowHeight = 18

interface Segment {
  run: string
  region: string
  /** Letter that stands in the segment and in the legend. */
  letter: string
  protocol: string
  bytes: number
  from: number
  to: number
}

interface Redundancy {
  run: string
  region: string
  redundancy: number
}

/**
 * `traffic`: bytes that peers of each region received, stacked by protocol, and beside it how many they received for each one
 * that they needed.
 */
export function drawTraffic (rows: readonly Row[], caption: Caption): Drawing {
  const received = rows.filter(({ metric }) => metric === 'protocol_bytes_received')
  if (received.length === 0) {
    return { name: 'traffic', missing: 'There is no figure of traffic, for no row has protocol_bytes_received: it was recorded by an older version, or nothing was sent.' }
  }
  const { runs, remarks } = drawnRuns(received, caption)
  const occurring = received.map(({ tags }) => tags.region ?? '-')
  const regions = drawnRegions(occurring, caption.regions)
  const totals = totalsOf(rows.filter((row) => runs.includes(row.run) && regions.includes(row.tags.region ?? '-')))
  const protocols = inOrder(totals)
  const segments = stacked(totals, protocols, regions)
  const redundancies = rows.filter(({ metric, measures, run }) => metric === 'redundancy' && measures.value !== undefined && runs.includes(run))
    .map((row): Redundancy => ({ run: row.run, region: row.tags.region ?? '-', redundancy: row.measures.value as number }))
    .filter(({ region }) => regions.includes(region))
  const title = 'Traffic: what peers of each region received, by protocol'
  const notes = [
    'Letters in a bar are those of the legend. Redundancy: bytes received for each byte of a file that was needed, one sign per peer; 1 is the least possible.',
    ...regionRemarks(occurring, regions), ...remarks
  ]
  const drawn = [
    ...segments.map(({ run, region, protocol, bytes }): Record<string, Cell> => ({ run, region, protocol, bytes, redundancy: null })),
    ...redundancies.map(({ run, region, redundancy }) => ({ run, region, protocol: null, bytes: null, redundancy }))
  ]
  const parts = { segments, redundancies, protocols, regions, runs, caption }
  return { figure: { name: 'traffic', title, width: layoutOf(caption).width, spec: specOf(parts, frame(title, caption, metrics, notes)), drawn } }
}

/** Bytes by run, region and protocol; what connections carried beyond their streams counts as a protocol of its own. */
function totalsOf (rows: readonly Row[]): Array<{ run: string, region: string, protocol: string, bytes: number }> {
  const totals = new Map<string, number>()
  const add = (row: Row, protocol: string, bytes: number): void => {
    const key = JSON.stringify([row.run, row.tags.region ?? '-', protocol])
    totals.set(key, (totals.get(key) ?? 0) + bytes)
  }
  const wires = new Map<string, { row: Row, bytes: number }>()
  for (const row of rows) {
    const { value } = row.measures
    if (value === undefined || !(value >= 0)) continue
    if (row.metric === 'protocol_bytes_received') add(row, row.tags.protocol ?? '-', value)
    if (row.metric === 'protocol_bytes_received' || row.metric === 'bytes_received') {
      const key = instanceKey(row)
      const wire = wires.get(key) ?? { row, bytes: 0 }
      wires.set(key, { row, bytes: wire.bytes + (row.metric === 'bytes_received' ? value : -value) })
    }
  }
  for (const { row, bytes } of wires.values()) if (bytes > 0) add(row, overhead, bytes)
  return [...totals].map(([key, bytes]) => {
    const [run = '', region = '', protocol = ''] = JSON.parse(key) as string[]
    return { run, region, protocol, bytes }
  })
}

/** Protocols by their bytes, the largest first, small ones as one, and the overhead last. */
function inOrder (totals: ReturnType<typeof totalsOf>): string[] {
  const bytes = new Map<string, number>()
  for (const total of totals) bytes.set(total.protocol, (bytes.get(total.protocol) ?? 0) + total.bytes)
  const named = [...bytes]
    .filter(([protocol]) => protocol !== overhead)
    .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
    .map(([protocol]) => protocol)
  const kept = named.length > protocolsMax ? [...named.slice(0, protocolsMax - 1), 'others'] : named
  return [...kept, ...(bytes.has(overhead) ? [overhead] : [])]
}

function stacked (totals: ReturnType<typeof totalsOf>, protocols: readonly string[], regions: readonly string[]): Segment[] {
  const runs = [...new Set(totals.map(({ run }) => run))]
  return runs.flatMap((run) => regions.flatMap((region) => {
    const own = totals.filter((total) => total.run === run && total.region === region)
    let from = 0
    return protocols.flatMap((protocol, index): Segment[] => {
      const isOwn = (name: string): boolean => name === protocol || (protocol === 'others' && !protocols.includes(name))
      const bytes = own.filter((total) => isOwn(total.protocol)).reduce((sum, total) => sum + total.bytes, 0)
      if (bytes === 0) return []
      const segment = { run, region, letter: letterOf(index), protocol, bytes, from, to: from + bytes }
      from += bytes
      return [segment]
    })
  }))
}

function letterOf (index: number): string {
  return String.fromCharCode('a'.charCodeAt(0) + index)
}

interface Parts {
  segments: readonly Segment[]
  redundancies: readonly Redundancy[]
  protocols: readonly string[]
  regions: readonly string[]
  runs: readonly string[]
  caption: Caption
}

function specOf (parts: Parts, common: object): TopLevelSpec {
  const { segments, redundancies, runs, caption } = parts
  const largest = segments.reduce((most, { to }) => Math.max(most, to), 0)
  const scale = scaleFor('B', largest)
  const mostRedundant = redundancies.reduce((most, { redundancy }) => Math.max(most, redundancy), 1)
  const rows = runs.map((run) => [
    { title: panelTitle(runs.length === 1 ? 'Received' : `Run ${run}: received`), ...stackPanel(parts, run, scale, largest) },
    ...(redundancies.some((each) => each.run === run) ? [{ title: panelTitle('Redundancy'), ...redundancyPanel(redundancies.filter((each) => each.run === run), mostRedundant, parts) }] : [])
  ])
  return { ...common, spacing: 14, vconcat: panelRows(caption, rows, 24) } as unknown as TopLevelSpec
}

function stackPanel ({ segments, protocols, regions, caption, redundancies }: Parts, run: string, scale: Scale, largest: number): object {
  const width = isNarrow(caption) ? 150 : redundancies.length === 0 ? 405 : 268
  const own = segments.filter((segment) => segment.run === run).map((segment) => ({
    ...segment,
    start: segment.from / scale.divisor,
    end: segment.to / scale.divisor,
    middle: (segment.from + segment.to) / 2 / scale.divisor,
    // A letter wants some points of room.
    shown: segment.bytes / largest * width > 9 ? segment.letter : ''
  }))
  const names = protocols.map((protocol, index) => `${letterOf(index)}  ${protocol}`)
  const colourOf = protocols.map((protocol, index) => protocol === overhead ? 6 : index % 6)
  const y = { field: 'region', type: 'nominal', sort: regions, scale: { domain: regions, paddingInner: 0.3, paddingOuter: 0.15 }, title: null, axis: { ticks: false, labelLimit: 100 } }
  const x = (field: string): object => ({
    field, type: 'quantitative', title: `bytes received (${scale.unit})`, scale: { domain: [0, largest / scale.divisor * 1.02], nice: false }, axis: { tickCount: 5, format: ',~r' }
  })
  const lightOf = protocols.filter((_, index) => isLight[colourOf[index] ?? 0])
  return {
    width, height: rowHeight * regions.length, data: { values: own.map((segment) => ({ ...segment, name: `${segment.letter}  ${segment.protocol}` })) },
    layer: [
      {
        mark: { type: 'bar', stroke: 'white', strokeWidth: 0.6, opacity: 1 },
        encoding: {
          x: x('start'), x2: { field: 'end' }, y,
          color: {
            field: 'name', type: 'nominal', title: 'protocol', scale: { domain: names, range: colourOf.map((index) => colours[index]) },
            legend: legendBelow(caption, 'points', { columns: isNarrow(caption) ? 1 : 2, symbolType: 'square', labelLimit: 220 })
          }
        }
      },
      {
        mark: { type: 'text', fontSize: 7 },
        encoding: {
          x: x('middle'), y, text: { field: 'shown', type: 'nominal' },
          color: { condition: { test: { field: 'protocol', oneOf: lightOf }, value: 'black' }, value: 'white' }
        }
      }
    ]
  }
}

function redundancyPanel (values: readonly Redundancy[], most: number, { regions, caption }: Parts): object {
  const x = { field: 'redundancy', type: 'quantitative', title: 'bytes received / bytes needed', scale: { domain: [0, most * 1.08], nice: false }, axis: { tickCount: 5, format: ',~r' } }
  const y = {
    field: 'region', type: 'nominal', sort: regions, scale: { type: 'band', domain: regions, paddingInner: 0.3, paddingOuter: 0.15 }, title: null,
    axis: isNarrow(caption) ? { ticks: false, labelLimit: 100 } : null
  }
  return {
    width: isNarrow(caption) ? 150 : 138, height: rowHeight * regions.length, data: { values },
    layer: [
      { data: { values: [{ redundancy: 1 }] }, mark: { type: 'rule', strokeDash: [3, 2], color: '#555' }, encoding: { x } },
      { mark: { type: 'point', filled: false, shape: 'circle', size: 22, strokeWidth: 1.1, opacity: 1, color: '#0072B2' }, encoding: { x, y } }
    ]
  }
}
