import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { streamChannel } from '../peersdb/index.ts'
import type { StreamEvent } from '../peersdb/index.ts'
import type { Libp2p, Stream } from '@libp2p/interface'

export type HearStream = (event: StreamEvent) => void

export interface Wiretap {
  /** Hears the streams of this node too, from now on. */
  add (libp2p: Libp2p): void
  end (): void
}

/**
 * Hears everything that the streams of nodes of this instance carry, whatever their protocol. Where many instances share a
 * process, those of the others pass it by.
 */
export function tapStreams (hear: HearStream): Wiretap {
  const nodes: Libp2p[] = []
  const own = new WeakMap<object, boolean>()

  const onEvent = (message: unknown): void => {
    const event = message as StreamEvent
    let isOwn = own.get(event.stream)

    if (isOwn == null) {
      isOwn = nodes.some((libp2p) => libp2p.getConnections().some(({ streams }) => streams.includes(event.stream as Stream)))
      own.set(event.stream, isOwn)
    }

    if (isOwn) {
      hear(event)
    }
  }

  subscribe(streamChannel, onEvent)
  return {
    add: (libp2p) => { nodes.push(libp2p) },
    end: () => { unsubscribe(streamChannel, onEvent) }
  }
}
