import type { Row } from '../rows.ts'
import { instanceKey } from '../rows.ts'

export interface SizePoint {
  what: 'log' | 'files'
  newcomer: string
  region: string
  peersBefore: number
  seconds: number
  ranOut: boolean
}

const totals = new Map<string, SizePoint['what']>([['bootstrap_log_ms', 'log'], ['bootstrap_files_ms', 'files']])

/** How long each newcomer took, beside how many peers were there before: the right column of `bootstrapping`. */
export function timeOverSize (rows: readonly Row[]): SizePoint[] {
  return rows.flatMap((row): SizePoint[] => {
    const what = totals.get(row.metric)
    const { value, censored } = row.measures
    const peersBefore = Number(row.tags.peers_before ?? NaN)
    if (what === undefined || value === undefined || value < 0 || !Number.isInteger(peersBefore)) return []
    return [{ what, newcomer: instanceKey(row), region: row.tags.region ?? '-', peersBefore, seconds: value / 1000, ranOut: (censored ?? 0) !== 0 }]
  })
}

/** One panel of the right column. */
export function sizePanel (what: SizePoint['what'], values: readonly SizePoint[], colour: object, shape: object): object {
  const own = values.filter((point) => point.what === what)
  const late = own.filter(({ ranOut }) => ranOut)
  const sizes = [...new Set(own.map((point) => point.peersBefore))].sort((a, b) => a - b)
  const x = {
    field: 'peersBefore', type: 'quantitative', title: 'peers before the newcomer',
    scale: { domain: [(sizes[0] ?? 0) - 1, (sizes.at(-1) ?? 0) + 1], nice: false },
    axis: { format: 'd', tickMinStep: 1, ...(sizes.length <= 8 ? { values: sizes } : { tickCount: 8 }) }
  }
  const y = { field: 'seconds', type: 'quantitative', title: `time to hold all ${what === 'log' ? 'entries' : what} (s)`, scale: { zero: true, nice: true }, axis: { tickCount: 5 } }
  return {
    data: { values: own },
    encoding: { x, y },
    layer: [
      { mark: { type: 'point', filled: true, size: 42, opacity: 1 }, encoding: { color: colour, shape } },
      ...(late.length === 0 ? [] : [{ data: { values: late }, mark: { type: 'text', text: '↑', dy: -9, fontSize: 10, color: '#222' } }])
    ]
  }
}
