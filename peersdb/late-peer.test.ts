import { afterEach, describe, expect, it } from 'vitest'
import { closeAll, connect, failuresOf, open, until } from './peers.test-helper.ts'
import { syncProtocol } from './sync/messages.ts'
import type { Peer } from './index.ts'
import type { StreamHandler } from '@libp2p/interface'

const identifyProtocol = '/ipfs/id/1.0.0'

afterEach(closeAll)

async function areNeighbours (...peers: Peer[]): Promise<void> {
  await Promise.all(peers.map((peer) => until(peer, 'neighbour', () => peer.status().neighbours === 1)))
}

describe('a peer that is too busy at first', () => {
  it('becomes a neighbour although it does not say who it is when it is asked first', async () => {
    const [a, busy] = [await open(), await open()]
    const answer = busy.libp2p.services.identify as unknown as { handleProtocol: StreamHandler }
    let asked = 0
    await busy.libp2p.unhandle(identifyProtocol)
    await busy.libp2p.handle(identifyProtocol, (stream, connection) => {
      if (++asked <= 2) {
        stream.abort(new Error('busy'))
        return
      }

      return answer.handleProtocol(stream, connection)
    })
    await connect(a, busy)
    await areNeighbours(a, busy)
    expect(asked).toBe(3)
  })

  it('becomes a neighbour although it does not take the first sessions', async () => {
    const [a, busy] = [await open(), await open()]
    const failures = failuresOf(a)
    const dialProtocol = a.libp2p.dialProtocol.bind(a.libp2p)
    let dials = 0
    a.libp2p.dialProtocol = async (peer, protocols, options) => {
      if (protocols === syncProtocol && ++dials <= 2) {
        throw new Error('too late')
      }

      return dialProtocol(peer, protocols, options)
    }
    await connect(a, busy)
    await areNeighbours(a, busy)
    expect(failures.map(({ message }) => message)).toEqual(Array(2).fill(
      `no session with peer ${busy.libp2p.peerId} could be opened (too late); it will be tried again`))
  })
})
