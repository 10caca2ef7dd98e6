import { createHash } from 'node:crypto'
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import type { NetworkEvent } from '../../network/simulated.ts'

const bufferedLines = 4_096
/** So many hexadecimal digits of a payload's SHA-256 tell two payloads apart. */
const payloadDigits = 16

/** Everything that happened in a simulated network, in order. */
export interface Trace {
  readonly events: number
  observe (event: NetworkEvent): void
  /** Writes what is buffered and closes the file; returns the SHA-256 of all events and their payloads. */
  close (): string
}

/**
 * @param file - where to write each event as a line: virtual milliseconds, kind, from, to, connection, bytes, digest of the payload
 * @param nameOf - what people call the instance of this number
 */
export function createTrace (file: string | undefined, nameOf: (instance: string) => string): Trace {
  const hash = createHash('sha256')
  const descriptor = file == null ? undefined : create(file)
  let lines: string[] = []
  let events = 0

  const flush = (): void => {
    if (descriptor != null && lines.length > 0) {
      writeSync(descriptor, lines.join(''))
      lines = []
    }
  }

  return {
    get events () { return events },
    observe: ({ atMs, kind, from, to, connection, bytes, data }) => {
      const line = `${atMs.toFixed(6)} ${kind} ${nameOf(from)} ${nameOf(to)} ${connection} ${bytes}`
      events++
      hash.update(line)

      if (data != null) {
        hash.update(data)
      }

      if (descriptor != null) {
        const payload = data == null ? '' : ` ${createHash('sha256').update(data).digest('hex').slice(0, payloadDigits)}`

        if (lines.push(`${line}${payload}\n`) >= bufferedLines) {
          flush()
        }
      }
    },
    close: () => {
      flush()

      if (descriptor != null) {
        closeSync(descriptor)
      }

      return hash.digest('hex')
    }
  }
}

function create (file: string): number {
  mkdirSync(dirname(file), { recursive: true })
  return openSync(file, 'w')
}
