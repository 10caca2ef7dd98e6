import { ProfileError } from './profile-error.ts'
import type { ProfileFile } from './profile-schema.ts'

/** The names under which published tables give the columns of a list of links. */
const columns = {
  from: ['from', 'source', 'sending_region', 'src'],
  to: ['to', 'destination', 'receiving_region', 'dst'],
  roundTripMs: ['rtt_ms', 'avgrtt', 'average', 'rtt'],
  bitsPerSecond: ['bits_per_second', 'bitrate_bps', 'bandwidth']
}
const assumed = { kind: 'assumption', source: 'peerslab' } as const
/** Within a region, where the table does not say: about what regions of clouds have. */
const withinMs = 1.3
/** Longer files are no profile; a name or a number is never longer than a line. */
const regionsMax = 500

export interface CsvInit {
  /** What the profile is to be called. */
  name: string
  /** Where the figures come from, as a sentence. */
  source: string
  /** What messages call the file. */
  label: string
}

interface Cells {
  regions: string[]
  latency: Array<Array<number | null>>
  rates?: Array<Array<number | null>>
}

/**
 * A profile from a table of round trips in ms: a matrix (a header of regions, then a row for each region), or a list of links
 * (columns from, to, rtt_ms and, for rates, bits_per_second). Cells within a region may be left out.
 *
 * @throws ProfileError with the line that is wrong, and what would be right
 */
export function importCsv (text: string, { name, source, label }: CsvInit): ProfileFile {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/)
    .map((line, index) => ({ number: index + 1, cells: cellsOf(line) }))
    .filter(({ cells }) => cells.some((cell) => cell !== ''))
  const [header, ...rows] = lines
  if (header === undefined || rows.length === 0) {
    throw new ProfileError(`The table ${label} has no rows: give it a header and a row for each region, or for each link.`)
  }
  const lower = header.cells.map((cell) => cell.toLowerCase())
  const find = (names: readonly string[]): number => lower.findIndex((cell) => names.includes(cell))
  const at = { from: find(columns.from), to: find(columns.to), ms: find(columns.roundTripMs), rate: find(columns.bitsPerSecond) }
  const cells = at.from !== -1 && at.to !== -1 ? cellsOfLinks(rows, at, label) : cellsOfMatrix(header.cells, rows, label)
  return profileOf(cells, name, source)
}

function cellsOf (line: string): string[] {
  return line.split(line.includes('\t') ? '\t' : /[,;]/).map((cell) => cell.trim().replace(/^"(.*)"$/, '$1'))
}

interface Line {
  number: number
  cells: string[]
}

function cellsOfMatrix ([, ...regions]: string[], rows: Line[], label: string): Cells {
  checkRegions(regions, label)
  const byRegion = new Map(rows.map((row) => [row.cells[0] ?? '', row]))
  const latency = regions.map((from) => {
    const row = byRegion.get(from)
    if (row === undefined) {
      throw new ProfileError(`The table ${label} has a column ${from} in its header but no row of that name: add the row, so that every pair has a cell.`)
    }
    return regions.map((to, column) => figureOf(row.cells[column + 1] ?? '', { from, to }, row.number, label))
  })
  return { regions, latency }
}

function cellsOfLinks (rows: Line[], at: { from: number, to: number, ms: number, rate: number }, label: string): Cells {
  if (at.ms === -1) {
    throw new ProfileError(`The table ${label} is a list of links without round trips: add a column rtt_ms.`)
  }
  const regions = [...new Set(rows.flatMap(({ cells }) => [cells[at.from] ?? '', cells[at.to] ?? '']))]
  checkRegions(regions, label)
  const empty = (): Array<Array<number | null>> => regions.map(() => regions.map(() => null))
  const [latency, rates] = [empty(), empty()]
  for (const { cells, number } of rows) {
    const pair = { from: cells[at.from] ?? '', to: cells[at.to] ?? '' }
    const [row, column] = [regions.indexOf(pair.from), regions.indexOf(pair.to)] as [number, number]
    if (latency[row]![column] !== null) {
      throw new ProfileError(`The table ${label} has the link from ${pair.from} to ${pair.to} again at line ${number}: keep one.`)
    }
    latency[row]![column] = figureOf(cells[at.ms] ?? '', pair, number, label)
    rates[row]![column] = at.rate === -1 ? null : figureOf(cells[at.rate] ?? '', pair, number, label)
  }
  return { regions, latency: both(regions, latency, label), ...(at.rate === -1 ? {} : { rates }) }
}

/** A round trip holds for both directions where only one was measured. */
function both (regions: readonly string[], cells: ReadonlyArray<ReadonlyArray<number | null>>, label: string): Array<Array<number | null>> {
  return regions.map((from, row) => regions.map((to, column) => {
    const value = cells[row]![column] ?? cells[column]![row] ?? null
    if (value === null && row !== column) {
      throw new ProfileError(`The table ${label} has no link from ${from} to ${to}, nor back: add a line for it.`)
    }
    return value
  }))
}

function figureOf (cell: string, { from, to }: { from: string, to: string }, line: number, label: string): number | null {
  if (from === to && ['', '-', '0'].includes(cell)) {
    return null
  }
  const value = Number(cell)
  if (cell === '' || !Number.isFinite(value) || value <= 0) {
    throw new ProfileError(`The table ${label} has ${cell === '' ? 'nothing' : JSON.stringify(cell.slice(0, 40))} from ${from} to ${to} at line ${line}: give a number above 0.`)
  }
  return value
}

function checkRegions (regions: readonly string[], label: string): void {
  const odd = regions.find((region, index) => region === '' || region.length > 64 || regions.indexOf(region) !== index)
  if (odd !== undefined || regions.length > regionsMax) {
    throw new ProfileError(odd === undefined
      ? `The table ${label} has ${regions.length} regions, more than ${regionsMax}: take a part of them.`
      : `The table ${label} has a region ${JSON.stringify(odd.slice(0, 64))} that is empty, longer than 64 characters, or there twice: give each its own name.`)
  }
}

function profileOf ({ regions, latency, rates }: Cells, name: string, source: string): ProfileFile {
  const measured = { kind: 'measured', source: 'table' } as const
  const isWithinKnown = latency.every((row, index) => row[index] !== null)
  return {
    name,
    description: `${regions.length} regions, from a table of round trips${rates === undefined ? '' : ' and rates'}.`,
    sources: { table: source, peerslab: 'Assumption of this project; no measurement is known.' },
    regions,
    anyRegion: false,
    latency: {
      unit: 'ms',
      kind: 'round-trip',
      ...(isWithinKnown ? {} : { everyPair: { value: withinMs, ...assumed, note: 'Only for pairs within one region, which the table leaves out.' } }),
      matrix: { rows: latency, ...measured },
      links: []
    },
    jitter: null,
    bandwidth: rates === undefined ? null : { unit: 'bit/s', flow: { kind: 'matrix', rates: { rows: rates, ...measured } }, uplink: null, downlink: null },
    loss: null
  }
}
