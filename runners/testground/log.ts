import { decisiveEvent } from '../instance-event.ts'
import type { InstanceEnd } from '../outcome.ts'

const keptLines = 20
const keptLineLength = 500

/** What the daemon's log tells of one instance. */
export interface Observed {
  event?: InstanceEnd['event']
  /** Of its container; an engine may not tell it. */
  exitCode?: number
  /** The last lines that it wrote, but for its events. */
  readonly lastLines: string[]
}

/** A line of the daemon's log as far as people and the judgement need it. */
export type LogLine =
  /** What the daemon does; `isProblem`: it warns, or tells of an error. */
  | { readonly kind: 'daemon', readonly text: string, readonly isProblem: boolean }
  /** An instance's own: what it said, and under which heading the daemon puts it. */
  | { readonly kind: 'instance', readonly name: string, readonly heading: string, readonly text: string }
  | { readonly kind: 'exit', readonly name: string, readonly exitCode: number }

const terminal = { OK: 'success', FAIL: 'failure', CRASH: 'crash' } as const

/** Takes the pieces of a log, and calls back with each line once it is whole. @returns what takes a piece */
export function splitLines (onLine: (line: string) => void): (bytes: Buffer) => void {
  const decoder = new TextDecoder()
  let pending = ''

  return (bytes) => {
    const lines = (pending + decoder.decode(bytes, { stream: true })).split('\n')
    // A line that never ends is cut rather than kept.
    pending = (lines.pop() ?? '').slice(0, 2 ** 20)
    lines.forEach(onLine)
  }
}

/** Reads one line as Testground's logger writes it: time, level, message and fields, with tabs between them. */
export function readLogLine (line: string): LogLine | undefined {
  // The logger colours what it writes.
  const [, level, message = '', fields = ''] = line.replace(/\x1b\[[\d;]*m/g, '').split('\t')

  if (level == null || !/^[A-Z]+$/.test(level)) {
    return undefined
  }

  const instance = /^[\d.]+s +([A-Z_]+) << (.+?)\[(\d+)\][^>]*>> ?(.*)$/.exec(message)

  if (instance != null) {
    const [, heading = '', group, index, text = ''] = instance
    return { kind: 'instance', name: `${group}/${Number(index)}`, heading, text }
  }

  if (message === 'container exited') {
    const { group, group_index: index, status } = readFields(fields)
    return { kind: 'exit', name: `${String(group)}/${String(index)}`, exitCode: Number(status) }
  }

  const { error } = readFields(fields)
  const text = `${message}${typeof error === 'string' && !message.includes(error) ? `: ${error}` : ''}`
  return { kind: 'daemon', text, isProblem: level !== 'INFO' && level !== 'DEBUG' }
}

/** Notes what a line tells of an instance. */
export function observe (observed: Map<string, Observed>, line: LogLine): void {
  if (line.kind === 'daemon') {
    return
  }

  const about = observed.get(line.name) ?? { lastLines: [] }
  observed.set(line.name, about)

  if (line.kind === 'exit') {
    about.exitCode = line.exitCode
    return
  }

  const kind = terminal[line.heading as keyof typeof terminal] as typeof terminal[keyof typeof terminal] | undefined

  if (kind != null) {
    about.event = decisiveEvent(about.event, { kind, ...(line.text === '' ? {} : { error: line.text }) })
  } else if (line.heading === 'ERROR' || line.heading === 'OTHER') {
    about.lastLines.push(line.text.slice(0, keptLineLength))
    about.lastLines.splice(0, about.lastLines.length - keptLines)
  }
}

function readFields (text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch {
    return {}
  }
}
