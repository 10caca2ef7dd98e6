import * as z from 'zod'
import { FileNotFoundError } from '../errors.ts'
import type { Cancellable, Peer } from '../api.ts'
import type { DaemonClient } from '../http/client.ts'
import type { JobRecord } from './record.ts'

/** Where records go to: a peer in this process, or a daemon. */
export interface Destination {
  /** The CID under which this very content was contributed by that peer before, by this name; undefined where it was not. */
  find (record: JobRecord, options?: Cancellable): Promise<string | undefined>
  /** Contributes it; resolves with its CID once it would survive a crash. */
  contribute (record: JobRecord, options?: Cancellable): Promise<string>
}

export function peerDestination (peer: Peer): Destination {
  return {
    find: async ({ name, bytes }, options) => {
      const size = { min: bytes.length, max: bytes.length }

      for await (const { cid } of peer.query({ name, contributor: peer.id, size }, options)) {
        if (await holds(peer, cid, bytes, options)) {
          return cid
        }
      }
    },
    contribute: async ({ name, attributes, bytes }, options) => (await peer.contribute(bytes, { name, attributes, ...options })).cid
  }
}

/** A file that its own contributor let go of is not brought back. */
async function holds (peer: Peer, cid: string, bytes: Uint8Array, options?: Cancellable): Promise<boolean> {
  try {
    return Buffer.concat(await Array.fromAsync(peer.get(cid, { offline: true, ...options }))).equals(bytes)
  } catch (err) {
    if (err instanceof FileNotFoundError) {
      return true
    }

    throw err
  }
}

const status = z.object({ id: z.string() })
const page = z.object({ contributions: z.array(z.object({ cid: z.string() })) })
const made = z.object({ cid: z.string() })

export function daemonDestination (client: DaemonClient): Destination {
  const json = async (path: string, options?: Parameters<DaemonClient['ask']>[1]): Promise<unknown> => (await client.ask(path, options)).json()

  return {
    find: async ({ name, bytes }, options) => {
      const { id } = status.parse(await json('/v1/status', options))
      const parameters = new URLSearchParams({ name, contributor: id, size_min: String(bytes.length), size_max: String(bytes.length) })

      for (const { cid } of page.parse(await json(`/v1/contributions?${parameters}`, options)).contributions) {
        const response = await client.ask(`/v1/files/${cid}?offline=true`, options)

        if (Buffer.from(await response.arrayBuffer()).equals(bytes)) {
          return cid
        }
      }
    },
    contribute: async ({ name, attributes, bytes }, options) => {
      const parameters = new URLSearchParams({ name, ...Object.fromEntries(Object.entries(attributes).map(([key, value]) => [`attributes.${key}`, value])) })
      return made.parse(await json(`/v1/contributions?${parameters}`, { ...options, method: 'POST', body: bytes })).cid
    }
  }
}
