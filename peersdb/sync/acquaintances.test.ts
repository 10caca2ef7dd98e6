import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { TypedEventEmitter } from 'main-event'
import { afterEach, describe, expect, it } from 'vitest'
import { Acquaintances } from './acquaintances.ts'
import { syncProtocol } from './messages.ts'
import type { Libp2pEvents, PeerId } from '@libp2p/interface'

const started: Acquaintances[] = []
const signal = new AbortController().signal

afterEach(() => { started.splice(0).forEach((one) => { one.stop() }) })

async function world (options?: { patienceMs: number }) {
  const events = new TypedEventEmitter<Libp2pEvents>()
  const acquaintances = new Acquaintances(events, options)
  const peers = await Promise.all([1, 2].map(async () => peerIdFromPrivateKey(await generateKeyPair('Ed25519'))))
  started.push(acquaintances)
  acquaintances.start()
  const tell = (type: 'peer:connect' | 'peer:disconnect', detail: PeerId): void => { events.safeDispatchEvent(type, { detail }) }
  const identify = (peerId: PeerId, protocols: string[]): void => {
    events.safeDispatchEvent('peer:identify', { detail: { peerId, protocols } as never })
  }
  /** Whether somebody who begins to wait now has to. */
  const waits = async (): Promise<boolean> => {
    let done = false
    acquaintances.complete(signal).then(() => { done = true }, () => {})
    await new Promise((resolve) => { setImmediate(resolve) })
    return !done
  }
  return { acquaintances, peers: peers as [PeerId, PeerId], tell, identify, waits }
}

describe('who asks for a block', () => {
  it('waits for nobody where all are known', async () => {
    const { waits } = await world()
    expect(await waits()).toBe(false)
  })

  it('waits until each peer has no session to offer, has one, or has gone', async () => {
    const { acquaintances, peers: [one, other], tell, identify, waits } = await world()

    for (const settle of [
      () => { identify(one, ['/ipfs/id/1.0.0']) },
      () => { acquaintances.settle(one.toString()) },
      () => { tell('peer:disconnect', one) }
    ]) {
      tell('peer:connect', one)
      tell('peer:connect', other)
      identify(other, [syncProtocol])
      expect(await waits()).toBe(true)
      settle()
      expect(await waits()).toBe(true)
      acquaintances.settle(other.toString())
      expect(await waits()).toBe(false)
    }
  })

  it('waits no longer than a peer may take to say who it is, and for that peer only once', async () => {
    const { acquaintances, peers: [one], tell, waits } = await world({ patienceMs: 20 })
    tell('peer:connect', one)
    await acquaintances.complete(signal)

    expect(await waits()).toBe(false)
  })

  it('is let go by the signal, also where it has aborted before', async () => {
    const { acquaintances, peers: [one], tell } = await world()
    tell('peer:connect', one)
    const controller = new AbortController()
    const outcome = acquaintances.complete(controller.signal)
    controller.abort(new Error('no time'))

    await expect(outcome).rejects.toThrow('no time')
    await expect(acquaintances.complete(controller.signal)).rejects.toThrow('no time')
  })

  it('is let go when the peer stops', async () => {
    const { acquaintances, peers: [one], tell } = await world()
    tell('peer:connect', one)
    const outcome = acquaintances.complete(signal)
    acquaintances.stop()

    await outcome
  })
})
