import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { once } from 'node:events'
import { dirname } from 'node:path'
import { observe, readLogLine, splitLines } from './log.ts'
import type { RunInit } from '../runner.ts'
import type { LogLine, Observed } from './log.ts'

/** So many sentences of a daemon are shown; its log has all. */
const shownSentencesMax = 60
const shownLength = 200
const ends = ['OK', 'FAIL', 'CRASH', 'INCOMPLETE']

type RunLogInit = Pick<RunInit, 'run' | 'folder' | 'progress'>

export interface RunLog {
  write (bytes: Buffer): void
  close (): Promise<void>
}

/** Writes the daemon's log into the run folder, notes what it tells of instances, and shows people how far the run is. */
export async function openRunLog ({ run, folder, progress }: RunLogInit, observed: Map<string, Observed>): Promise<RunLog> {
  const file = folder.observed(run.id, 'daemon.log')
  await mkdir(dirname(file), { recursive: true })
  const stream = createWriteStream(file)
  // A log that cannot be written must not end the run; what the run left is judged by other files.
  stream.on('error', (err) => { progress.say(`${file} cannot be written: ${err.message}`) })
  const show = showLines({ run, progress })
  const split = splitLines((text) => {
    const line = readLogLine(text)

    if (line != null) {
      observe(observed, line)
      show(line)
    }
  })

  return {
    write: (bytes) => {
      stream.write(bytes)
      split(bytes)
    },
    close: async () => {
      if (!stream.destroyed) {
        stream.end()
        await once(stream, 'close')
      }
    }
  }
}

/** Shows the daemon's sentences, each once, those of instances that end badly, and how many have started and ended. */
function showLines ({ run, progress }: Pick<RunInit, 'run' | 'progress'>): (line: LogLine) => void {
  const count = (name: string): Count => ({ phase: { name, instances: run.totalInstances }, names: new Set() })
  const [started, ended] = [count('started'), count('ended')]
  const said = new Set<string>()

  const say = (sentence: string): void => {
    if (said.size < shownSentencesMax && !said.has(sentence)) {
      said.add(sentence)
      progress.say(oneLine(sentence))
    }
  }

  return (line) => {
    if (line.kind === 'daemon') {
      say(line.text)
      return
    }

    started.names.add(line.name)

    if (line.kind === 'exit' || ends.includes(line.heading)) {
      ended.names.add(line.name)
    }

    if (line.kind === 'instance' && ['FAIL', 'CRASH'].includes(line.heading)) {
      say(`instance ${line.name} ${line.heading === 'FAIL' ? 'failed' : 'crashed'}: ${line.text}`)
    }

    progress.update(new Map([started, ended].map(({ phase, names }) => [phase, names.size])))
  }
}

interface Count { readonly phase: { readonly name: string, readonly instances: number }, readonly names: Set<string> }

export function oneLine (text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length > shownLength ? `${line.slice(0, shownLength)}…` : line
}
