import type { TopLevelSpec } from 'vega-lite'

/** A figure as a report's script takes it. */
export interface Interactive {
  spec: object
  /** Series that can be taken out and put back: a parameter of the spec that holds the values that are shown. */
  filters: Array<{ param: string, label: string, values: string[] }>
  canZoom: boolean
}

type Json = Record<string, unknown>

/** Pixels of a screen for one point of print. */
const screenScale = 1.5
const lengths = new Set([
  'width', 'height', 'spacing', 'padding', 'offset', 'limit', 'lineHeight', 'fontSize', 'subtitleFontSize', 'subtitleLineHeight', 'subtitlePadding',
  'labelFontSize', 'titleFontSize', 'titlePadding', 'labelPadding', 'labelLimit', 'titleLimit', 'tickSize', 'minExtent', 'maxExtent', 'columnPadding',
  'rowPadding', 'symbolStrokeWidth', 'strokeWidth', 'dx', 'dy', 'xOffset', 'yOffset', 'gridWidth', 'domainWidth', 'tickWidth', 'gradientLength',
  'gradientThickness', 'cornerRadius', 'step', 'thickness', 'x', 'y'
])
const areas = new Set(['symbolSize'])
const lineMarks = new Set(['bar', 'tick', 'boxplot', 'rect'])

/**
 * The figure for a screen: larger, its panels zoomed with Ctrl and the wheel and moved by dragging, its marks telling their
 * row, and its series filtered.
 *
 * @param spec - of the printed figure, its data within it
 */
export function interactiveFigure (spec: TopLevelSpec): Interactive {
  const screen = enlarge(spec as unknown as Json) as Json
  const panels = panelsOf(screen)
  const filters = new Map<string, Interactive['filters'][number]>()
  let zoomed = 0
  for (const panel of panels) {
    const units = Array.isArray(panel.layer) ? panel.layer as Json[] : [panel]
    for (const unit of units) {
      tellRow(unit)
      addFilter(unit, panel, filters)
    }
    if (addZoom(panel, units, zoomed)) zoomed++
  }
  const params = [...filters.values()].map(({ param, values }) => ({ name: param, value: values }))
  screen.params = [...(screen.params as unknown[] | undefined ?? []), ...params]
  return { spec: screen, filters: [...filters.values()], canZoom: zoomed > 0 }
}

/** Everything in points, as pixels. Data is not touched. */
function enlarge (value: unknown, key = '', within = ''): unknown {
  if (Array.isArray(value)) {
    const isDashes = key === 'strokeDash' || (within === 'strokeDash' && key === 'range')
    return value.map((each: unknown) => typeof each === 'number' && isDashes ? each * screenScale : enlarge(each, Array.isArray(each) && isDashes ? 'strokeDash' : '', within))
  }
  if (typeof value === 'number') return lengths.has(key) ? value * screenScale : areas.has(key) ? value * screenScale ** 2 : value
  if (typeof value !== 'object' || value === null) return value
  const from = value as Json
  const isMark = typeof from.type === 'string' && key === 'mark'
  return Object.fromEntries(Object.entries(from).map(([name, each]) => {
    if (name === 'data' || name === 'datasets' || name === 'values' || name === 'transform') return [name, each]
    if (isMark && name === 'size' && typeof each === 'number') return [name, each * (lineMarks.has(from.type as string) ? screenScale : screenScale ** 2)]
    if (name === 'strokeWidth' && typeof each === 'object' && each !== null) return [name, enlargeRange(each as Json)]
    return [name, enlarge(each, name, key === 'encoding' ? name : within === '' ? key : within)]
  }))
}

/** The scale of a stroke's width, whose range is in points. */
function enlargeRange (channel: Json): Json {
  const { scale } = channel
  if (typeof scale !== 'object' || scale === null || !Array.isArray((scale as Json).range)) return channel
  return { ...channel, scale: { ...scale, range: ((scale as Json).range as unknown[]).map((each) => typeof each === 'number' ? each * screenScale : each) } }
}

/** The views that have axes of their own: units, and layers of them. */
function panelsOf (view: Json): Json[] {
  for (const kind of ['vconcat', 'hconcat', 'concat']) {
    if (Array.isArray(view[kind])) return (view[kind] as Json[]).flatMap(panelsOf)
  }
  return typeof view.spec === 'object' && view.spec !== null ? panelsOf(view.spec as Json) : [view]
}

function tellRow (unit: Json): void {
  const mark = typeof unit.mark === 'string' ? { type: unit.mark } : unit.mark as Json | undefined
  if (mark !== undefined && mark.tooltip === undefined && mark.type !== 'text') unit.mark = { ...mark, tooltip: { content: 'data' } }
}

interface Channel {
  field?: unknown
  type?: unknown
  title?: unknown
  scale?: { domain?: unknown } | null
}

/** A series is what colours tell apart; its values stand in the scale. */
function addFilter (unit: Json, panel: Json, filters: Map<string, Interactive['filters'][number]>): void {
  const { color } = { ...panel.encoding as Json | undefined, ...unit.encoding as Json | undefined } as { color?: Channel }
  const values = color?.scale?.domain
  if (typeof color?.field !== 'string' || !Array.isArray(values) || values.length < 2) return
  if ((color.type !== 'nominal' && color.type !== 'ordinal') || !values.every((value) => typeof value === 'string')) return
  const { field } = color
  const known = filters.get(field) ?? { param: `shown_${filters.size}`, label: labelOf(color, field), values: [] }
  known.values = [...new Set([...known.values, ...values as string[]])]
  filters.set(field, known)
  unit.transform = [{ filter: `indexof(${known.param}, datum[${JSON.stringify(field)}]) >= 0` }, ...(unit.transform as unknown[] | undefined ?? [])]
}

function labelOf ({ title }: Channel, field: string): string {
  const text = typeof title === 'string' && title !== '' ? title : field
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`
}

/** Lets a panel with a continuous axis be zoomed; ticks that were chosen for print would not follow. */
function addZoom (panel: Json, units: readonly Json[], index: number): boolean {
  const encodings = [panel, ...units].flatMap(({ encoding }) => encoding === undefined ? [] : [encoding as Record<string, Json>])
  const channels = ['x', 'y'].filter((channel) => encodings.some((encoding) => isContinuous(encoding[channel])))
  if (channels.length === 0) return false
  for (const encoding of encodings) {
    for (const channel of channels) {
      const axis = encoding[channel]?.axis as Json | null | undefined
      if (axis != null && axis.labelExpr === undefined) delete axis.values
    }
  }
  // Only a mark that lies within its frame looks right when it is moved out of it.
  for (const unit of units) if (typeof unit.mark === 'object') unit.mark = { ...unit.mark, clip: true }
  const [first] = units as [Json]
  const select = {
    type: 'interval', encodings: channels, zoom: 'wheel![event.ctrlKey]',
    // A finger scrolls the page.
    translate: '[pointerdown[event.pointerType !== "touch"], window:pointerup] > window:pointermove!'
  }
  first.params = [...(first.params as unknown[] | undefined ?? []), { name: `zoom_${index}`, select, bind: 'scales' }]
  return true
}

function isContinuous (channel: Json | undefined): boolean {
  if (channel?.field === undefined || channel.scale === null || channel.bin !== undefined) return false
  return channel.type === 'quantitative' || channel.type === 'temporal'
}
