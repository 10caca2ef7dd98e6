import type { Phase } from '../plans/index.ts'

/** Tells people how far a run is. */
export interface Progress {
  /** A sentence of its own. */
  say (sentence: string): void
  /** How many instances have come to each phase. */
  update (counts: ReadonlyMap<Phase, number>): void
  end (): void
}

/**
 * Progress on a stream: on a terminal one line that changes, elsewhere a line for each phase that all of
 * its instances have come to.
 */
export function createProgress (stream: NodeJS.WriteStream, label: string): Progress {
  const startedMs = performance.now()
  const finished = new Set<Phase>()
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
        parts.push(`${phase.name} ${count}/${phase.instances}`)

        if (count >= phase.instances && phase.instances > 0 && !finished.has(phase)) {
          finished.add(phase)

          if (!stream.isTTY) {
            stream.write(`${label}: ${phase.name} ${count}/${phase.instances} after ${seconds()}\n`)
          }
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
