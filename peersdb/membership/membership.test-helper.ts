import { generateKeyPair } from '@libp2p/crypto/keys'
import { MemoryBlockstore } from 'blockstore-core'
import { MemoryDatastore } from 'datastore-core'
import { startNode } from '../node.ts'
import { createBans } from './bans.ts'
import { createMembership } from './membership.ts'
import type { Bans } from './bans.ts'
import type { Clock } from './clock.ts'
import type { Membership, MembershipInit } from './membership.ts'
import type { Node, NodeInit } from '../node.ts'
import type { Libp2p, PrivateKey } from '@libp2p/interface'

export interface TestPeer {
  node: Node
  id: string
  /** The only multiaddr, with the peer id. */
  address: string
  bans: Bans
  membership: Membership
  failures: Error[]
  close (): Promise<void>
}

export type TestPeerInit = Partial<MembershipInit> & Partial<Omit<NodeInit, 'stores'>> & { privateKey?: PrivateKey }

const opened: TestPeer[] = []

/** A node on the loopback interface whose membership has started, with pauses that suit a test. */
export async function openTestPeer (init: TestPeerInit = {}): Promise<TestPeer> {
  const privateKey = init.privateKey ?? await generateKeyPair('Ed25519')
  const bans = createBans(init.clock)
  const stores = { blockstore: new MemoryBlockstore(), datastore: new MemoryDatastore(), privateKey }
  const node = await startNode({ listen: ['/ip4/127.0.0.1/tcp/0'], bitswap: false, connectionGater: bans.gater, ...init, stores })
  const failures: Error[] = []
  const membership = createMembership({
    bootstrap: [],
    coalesceMs: 20,
    graceMs: 300,
    backoff: { minMs: 20, maxMs: 200 },
    ...init,
    libp2p: node.libp2p,
    bans,
    onError: (err) => { failures.push(err) }
  })
  await membership.start()
  let closed: Promise<void> | undefined
  const peer: TestPeer = {
    node,
    id: node.libp2p.peerId.toString(),
    address: node.libp2p.getMultiaddrs().map(String)[0] ?? '',
    bans,
    membership,
    failures,
    close: () => {
      closed ??= membership.stop().then(() => node.stop()).then(() => undefined)
      return closed
    }
  }
  opened.push(peer)
  return peer
}

export async function closeTestPeers (): Promise<void> {
  await Promise.all(opened.splice(0).map((peer) => peer.close()))
}

export function connectedTo (peer: TestPeer): string[] {
  return peer.node.libp2p.getPeers().map(String).sort()
}

/** Resolves when something holds, which is looked at whenever a connection begins or ends; the test's own timeout bounds it. */
export function until (libp2p: Libp2p, holds: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (holds()) {
        for (const type of ['peer:connect', 'peer:disconnect', 'peer:identify'] as const) { libp2p.removeEventListener(type, look) }
        resolve()
      }
    }

    for (const type of ['peer:connect', 'peer:disconnect', 'peer:identify'] as const) { libp2p.addEventListener(type, look) }
    look()
  })
}

/** Resolves when a peer is connected to exactly these others. */
export function meets (peer: TestPeer, others: TestPeer[]): Promise<void> {
  const expected = others.filter(({ id }) => id !== peer.id).map(({ id }) => id).sort().join()
  return until(peer.node.libp2p, () => connectedTo(peer).join() === expected)
}

export interface ManualClock extends Clock {
  /** Lets time go by, and what is due happen. */
  advance: (ms: number) => void
}

export function createManualClock (): ManualClock {
  const timers = new Map<number, { dueMs: number, callback: () => void }>()
  let nowMs = 0
  let set = 0
  return {
    nowMs: () => nowMs,
    setTimer: (callback, delayMs) => {
      const id = set++
      timers.set(id, { dueMs: nowMs + delayMs, callback })
      return () => { timers.delete(id) }
    },
    advance: (ms) => {
      nowMs += ms

      for (const [id, { callback, dueMs }] of [...timers]) {
        if (dueMs <= nowMs && timers.delete(id)) {
          callback()
        }
      }
    }
  }
}
