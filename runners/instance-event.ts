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
