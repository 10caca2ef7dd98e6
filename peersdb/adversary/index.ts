/** What tests and the testbed attack peers with; nothing of a peer imports it. */
export { attacks, subscriptionTo, withoutContent } from './attacks.ts'
export { blocksOf } from './blocks.ts'
export { openHostilePeer } from './hostile-peer.ts'
export { decode as decodeSyncMessage, syncProtocol } from '../sync/messages.ts'
export { decodeFields, delimited, encodeFields, splitDelimited } from './protobuf.ts'
export type { Target } from './attacks.ts'
export type { Block } from './blocks.ts'
export type { HostilePeer, Victim } from './hostile-peer.ts'
