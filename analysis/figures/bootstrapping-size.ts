import type { Row } from '../rows.ts'
import { instanceKey } from '../rows.ts'

export interface SizePoint {
  what: 'log' | 'files'
  run: string
  newcomer: string
  region: string
  peersBefore: number
  seconds: number
  ranOut: boolean
}

const totals = new Map<string, SizePoint['what']>([['bootstrap_log_ms', 'log'], ['bootstrap_files_ms', 'files']])
/** Cluster sizes that each get a tick of their own. */
const ticksMax = 8

/** How long each newcomer took, beside how many peers were there before. */
export function timeOverSize (rows: readonly Row[]): SizePoint[] {
  return rows.flatMap((row): SizePoint[] => {
    const what = totals.get(row.metric)
    const { value, censored } = row.measures
    const peersBefore = Number(row.tags.peers_before ?? NaN)
    if (what === undefined || value === undefined || value < 0 || !Number.isInteger(peersBefore)) return []
    return [{ what, run: row.run, newcomer: instanceKey(row), region: row.tags.region ?? '-', peersBefore, seconds: value / 1000, ranOut: (censored ?? 0) !== 0 }]
  })
}

/** One panel of points; `secondsMax` is the top of the axis, the same for all panels that are compared. */
export function sizePanel (values: readonly SizePoint[], what: SizePoint['what'], look: { colour: object, shape: object, secondsMax: number }): object {
  const late = values.filter(({ ranOut }) => ranOut)
  const sizes = [...new Set(values.map((point) => point.peersBefore))].sort((a, b) => a - b)
  const x = {
    field: 'peersBefore', type: 'quantitative', title: 'peers before the newcomer',
    scale: { domain: [(sizes[0] ?? 0) - 1, (sizes.at(-1) ?? 0) + 1], nice: false },
    axis: { format: 'd', labelOverlap: 'greedy', ...(sizes.length <= ticksMax ? { values: sizes } : { tickCount: ticksMax, tickMinStep: 1 }) }
  }
  const y = {
    field: 'seconds', type: 'quantitative', title: `time to hold all ${what === 'log' ? 'entries' : what} (s)`,
    scale: { domain: [0, look.secondsMax], nice: false }, axis: { tickCount: 5, format: '~r' }
  }
  return {
    data: { values },
    encoding: { x, y },
    layer: [
      { mark: { type: 'point', filled: true, size: 42, opacity: 1 }, encoding: { color: look.colour, shape: look.shape } },
      ...(late.length === 0 ? [] : [{ data: { values: late }, mark: { type: 'text', text: '↑', dy: -9, fontSize: 10, color: '#222' } }])
    ]
  }
}
