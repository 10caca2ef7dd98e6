import type { Contribution, Peer } from '../peersdb/index.ts'

/** How a deliberately broken instance breaks; tests of the judgement alone use it. */
export const sabotageNames = ['none', 'drop-tenth', 'invent', 'report-early'] as const

/** What a contributor posts with: one that drops every tenth acknowledges what it has thrown away. */
export function contributorOf (peer: Peer, sabotage: string): Pick<Peer, 'contribute'> {
  let number = 0
  const contribute: Peer['contribute'] = async (content, options) =>
    ++number % 10 === 0 ? { hash: `dropped-${number}`, cid: 'dropped' } as Contribution : peer.contribute(content, options)
  return sabotage === 'drop-tenth' ? { contribute } : peer
}
