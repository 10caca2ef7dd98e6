import { createScanner } from './scanner.ts'
import { tapStreams } from '../wiretap.ts'
import type { InstanceContext } from '../context.ts'
import type { Content } from './contents.ts'
import type { Wiretap } from '../wiretap.ts'

/** Looks for private bytes in all that the streams of this instance carry. */
export interface Lookout {
  readonly tap: Wiretap
  /** Records what was found, and ends. @returns a sentence for each way and protocol by which private bytes went */
  report (context: InstanceContext): string[]
}

interface Traffic {
  searchedBytes: number
  privateBytes: number
}

export function openLookout (secrets: readonly Content[]): Lookout {
  // The name of a private file is private as well.
  const scanner = createScanner(secrets.flatMap(({ name, bytes }) => [bytes, Buffer.from(name)]))
  const traffic = new Map<string, Traffic>()
  /** One key for each way of each stream, for the ways are streams of bytes of their own. */
  const keys = { sent: new WeakMap<object, object>(), received: new WeakMap<object, object>() }

  const tap = tapStreams(({ stream, way, data }) => {
    const label = JSON.stringify([way, stream.protocol])
    const known = traffic.get(label) ?? { searchedBytes: 0, privateBytes: 0 }
    const key = keys[way].get(stream) ?? {}
    keys[way].set(stream, key)
    known.searchedBytes += data.byteLength
    known.privateBytes += scanner.scan(key, data)
    traffic.set(label, known)
  })

  return {
    tap,
    report: ({ record }) => {
      tap.end()
      return [...traffic].sort(([a], [b]) => a < b ? -1 : 1).flatMap(([label, { searchedBytes, privateBytes }]) => {
        const [way, protocol] = JSON.parse(label) as [string, string]
        record.metric('stream_bytes_searched', searchedBytes, { way, protocol })
        record.metric('private_bytes_seen', privateBytes, { way, protocol })
        return privateBytes === 0 ? [] : [`at least ${privateBytes} bytes of private files were ${way} by ${protocol}`]
      })
    }
  }
}
