import { createHash } from 'node:crypto'
import { createLineFile } from './line-file.ts'
import type { NetworkEvent } from '../../network/simulated.ts'

/** So many hexadecimal digits of a payload's SHA-256 tell two payloads apart. */
const payloadDigits = 16

/** Everything that happened in a simulated network, in order. */
export interface Trace {
  readonly events: number
  observe (event: NetworkEvent): void
  /** Closes the file; returns the SHA-256 of all events and their payloads. */
  close (): string
}

/**
 * @param file - where to write each event as a line: virtual milliseconds, kind, from, to, connection, bytes, digest of the payload
 * @param nameOf - what people call the instance of this number
 */
export function createTrace (file: string | undefined, nameOf: (instance: string) => string): Trace {
  const hash = createHash('sha256')
  const lines = file == null ? undefined : createLineFile(file)
  let events = 0

  return {
    get events () { return events },
    observe: ({ atMs, kind, from, to, connection, bytes, data }) => {
      const line = `${atMs.toFixed(6)} ${kind} ${nameOf(from)} ${nameOf(to)} ${connection} ${bytes}`
      events++
      hash.update(line)

      if (data != null) {
        hash.update(data)
      }

      if (lines != null) {
        lines.write(data == null ? line : `${line} ${createHash('sha256').update(data).digest('hex').slice(0, payloadDigits)}`)
      }
    },
    close: () => {
      lines?.close()
      return hash.digest('hex')
    }
  }
}
