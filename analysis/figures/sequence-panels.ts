import type { CarryingMessage, Sequence } from '../read-sequence.ts'

/** A message that has come, with its times counted from the first one that carried the contribution. */
export interface Arrow extends CarryingMessage {
  receivedMs: number
  /** Whether it was the first to bring its receiver the entry or the file. */
  isFirst: boolean
}

/** What happened without a long pause, among those that took part in it. */
export interface Episode {
  run: string
  /** Those that took part, in the order in which they did. */
  instances: string[]
  arrows: Arrow[]
}

/** More arrows than this hide one another; then only those are drawn that first brought something. */
const arrowsMax = 40
/** Two episodes are parted by a pause that is so many times as long as the longest way of a message. */
const pauseWays = 5

const brings: Record<CarryingMessage['what'], readonly string[]> = {
  'entry and file': ['entry', 'file'], entry: ['entry'], file: ['file'], want: [], announcement: []
}

/** The messages of a sequence that have come, in the order in which they were sent. */
export function arrowsOf ({ messages }: Sequence): Arrow[] {
  const startMs = messages.reduce((least, { sentMs }) => Math.min(least, sentMs), Infinity)
  // Whoever sends first is who contributed it.
  const origin = messages.find(({ sentMs }) => sentMs === startMs)?.from
  const had = new Set(['entry', 'file'].map((thing) => `${thing} ${origin}`))
  const received = messages.flatMap((message) => message.receivedMs === undefined ? [] : [{ ...message, receivedMs: message.receivedMs }])
  return received
    .sort((a, b) => a.receivedMs - b.receivedMs)
    .map((message) => {
      const news = brings[message.what].map((thing) => `${thing} ${message.to}`).filter((thing) => !had.has(thing))
      news.forEach((thing) => had.add(thing))
      return { ...message, sentMs: message.sentMs - startMs, receivedMs: message.receivedMs - startMs, isFirst: news.length > 0 }
    })
    .sort((a, b) => a.sentMs - b.sentMs || a.receivedMs - b.receivedMs)
}

/** Cuts what happened in a run where nothing did for long; of many messages only the first ones that brought something stay. */
export function episodesOf (run: string, arrows: readonly Arrow[]): Episode[] {
  const longestMs = arrows.reduce((most, { sentMs, receivedMs }) => Math.max(most, receivedMs - sentMs), 0)
  const parts: Arrow[][] = []
  let endMs = -Infinity
  for (const arrow of arrows) {
    if (arrow.sentMs - endMs > pauseWays * longestMs) parts.push([])
    parts.at(-1)?.push(arrow)
    endMs = Math.max(endMs, arrow.receivedMs)
  }
  return parts
    .map((part) => part.length > arrowsMax ? part.filter(({ isFirst }) => isFirst) : part)
    .filter((part) => part.length > 0)
    .map((part) => ({ run, arrows: part, instances: inOrder(part) }))
}

function inOrder (arrows: readonly Arrow[]): string[] {
  const firstMs = new Map<string, number>()
  for (const { from, to, sentMs, receivedMs } of arrows) {
    firstMs.set(from, Math.min(sentMs, firstMs.get(from) ?? Infinity))
    firstMs.set(to, Math.min(receivedMs, firstMs.get(to) ?? Infinity))
  }
  return [...firstMs].sort(([a, aMs], [b, bMs]) => aMs - bMs || (a < b ? -1 : 1)).map(([instance]) => instance)
}
