import { tcp } from '@libp2p/tcp'
import { open } from '../peers.test-helper.ts'
import { openStore } from '../store/index.ts'
import { syncProtocol } from './messages.ts'
import type { Peer, PeerInit } from '../index.ts'
import type { TransportFactory } from '../node.ts'

/** Which of several peers may dial which others, so that the exchange of neighbours cannot make a mesh of every graph. */
export class Links {
  /** Whom each may dial, by their names. */
  readonly #allowed = new Map<string, Set<string>>()
  /** By the port that they listen on. */
  readonly #names = new Map<string, string>()

  /** Opens a full replica that may dial nobody until it is linked. */
  async open (name: string, init: PeerInit = {}): Promise<Peer> {
    const peer = await open({ pin: 'everything', ...init, transport: this.#transport(name) })
    this.#names.set(portOf(peer.addresses()[0]!), name)
    return peer
  }

  /** Lets two peers dial each other. */
  allow (one: string, other: string): void {
    this.#of(one).add(other)
    this.#of(other).add(one)
  }

  forbid (one: string, other: string): void {
    this.#of(one).delete(other)
    this.#of(other).delete(one)
  }

  #of (name: string): Set<string> {
    const allowed = this.#allowed.get(name) ?? new Set()
    this.#allowed.set(name, allowed)
    return allowed
  }

  #transport (name: string): TransportFactory {
    return (components) => {
      const transport = tcp()(components)
      const dial = transport.dial.bind(transport)
      transport.dial = async (address, options) => {
        const other = this.#names.get(portOf(address.toString()))

        if (other == null || !this.#of(name).has(other)) {
          throw new Error(`${name} is not linked to ${other ?? address.toString()}`)
        }

        return dial(address, options)
      }
      return transport
    }
  }
}

function portOf (address: string): string {
  return /\/tcp\/(\d+)/.exec(address)![1]!
}

/** Ends all connections between two peers at once. */
export function disconnect (one: Peer, other: Peer): void {
  one.libp2p.getConnections(other.libp2p.peerId).forEach((connection) => { connection.abort(new Error('cut')) })
}

/** Ends the sync sessions between two peers, and leaves their connections. */
export function endSessions (one: Peer, other: Peer): void {
  const streams = one.libp2p.getConnections(other.libp2p.peerId).flatMap((connection) => connection.streams)
  streams.filter(({ protocol }) => protocol === syncProtocol).forEach((stream) => { stream.abort(new Error('cut')) })
}

/** The bytes of each entry in the store of a peer that was closed, by its hash. */
export async function entryBytes (directory: string): Promise<Map<string, number>> {
  const store = await openStore({ directory })

  try {
    return new Map([...store.catalogue.hashes()].map(({ hash }) => {
      const { contribution } = store.catalogue.get(hash)!
      return [contribution!.hash, store.blocks.sizeOf(Buffer.concat([Buffer.of(0x12, 32), hash]))!]
    }))
  } finally {
    await store.close()
  }
}
