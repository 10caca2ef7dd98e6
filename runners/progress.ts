import type { Phase } from '../plans/index.ts'

/** Tells people how far a run is. */
export interface Progress {
  /** A sentence of its own. */
  say (sentence: string): void
  /** How many instances have come to each phase. */
  update (counts: ReadonlyMap<Phase, number>): void
  end (): void
}

/** How often there is a line of a phase that only some of its instances have come to, in milliseconds. */
const partlyMs = 30_000

/**
 * Progress on a stream: on a terminal one line that changes; elsewhere a line for each phase that all of its instances
 * have come to, and now and then one of how many have, where that changes.
 */
export function createProgress (stream: NodeJS.WriteStream, label: string, betweenMs = partlyMs): Progress {
  const startedMs = performance.now()
  const shown = new Map<Phase, number>()
  let shownMs = startedMs
  const seconds = (): string => `${((performance.now() - startedMs) / 1000).toFixed(1)} s`
  const clear = (): void => { if (stream.isTTY) { stream.write('\r\x1b[K') } }

  return {
    say: (sentence) => {
      clear()
      stream.write(`${label}: ${sentence}\n`)
    },
    update: (counts) => {
      const parts: string[] = []

      for (const [phase, count] of counts) {
        const part = `${phase.name} ${count}/${phase.instances}`
        parts.push(part)
        const isDone = count >= phase.instances
        const isDue = isDone ? phase.instances > 0 : performance.now() - shownMs >= betweenMs

        if (!stream.isTTY && isDue && count > (shown.get(phase) ?? 0)) {
          stream.write(`${label}: ${part} after ${seconds()}\n`)
          shown.set(phase, count)
          shownMs = performance.now()
        }
      }

      if (stream.isTTY) {
        clear()
        stream.write(`${label}: ${parts.join(' · ')} · ${seconds()}`)
      }
    },
    end: clear
  }
}
