import type { InstanceEnd } from './outcome.ts'

/** The event of a line of an instance's output: one that ends its case, another one, or none. */
export function readEvent (line: string): InstanceEnd['event'] | 'other' {
  if (!line.startsWith('{')) {
    return undefined
  }

  try {
    const { event } = JSON.parse(line) as { event?: Record<string, { error?: unknown } | undefined> }

    for (const kind of ['success', 'failure', 'crash'] as const) {
      const detail = event?.[`${kind}_event`]

      if (detail != null) {
        return { kind, ...(detail.error == null ? {} : { error: String(detail.error) }) }
      }
    }

    return event == null ? undefined : 'other'
  } catch {
    return undefined
  }
}

/** A trace of many lines, or what is left of it where lines are told one by one. */
const trace = /\n|^goroutine \d+ \[/

/**
 * Which of two events that end a case counts: the first, unless that was a success, or a trace where a sentence
 * follows. Testground's Go SDK tells of a panic by its trace, then by its message, and may then tell of a crash of its
 * own, as it closes the files under the trace that it writes.
 */
export function decisiveEvent (before: InstanceEnd['event'], seen: InstanceEnd['event']): InstanceEnd['event'] {
  return before == null || before.kind === 'success' || trace.test(before.error ?? '') ? seen : before
}
