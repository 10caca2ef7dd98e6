import type { Candidates } from './candidates.ts'
import type { PeerExchange } from './exchange.ts'
import type { KeptPeers } from './kept.ts'
import type { CounterRow } from '../api.ts'

export interface CountedParts {
  connected: number
  banned: number
  kept: KeptPeers
  candidates: Candidates
  exchange: PeerExchange
}

/** What membership counts, for the testbed and Prometheus. */
export function membershipCounters ({ banned, candidates, connected, exchange: { counts }, kept }: CountedParts): CounterRow[] {
  return [
    gauge('connected_peers', 'Peers with at least one connection.', connected),
    gauge('candidate_peers', 'Peers that were heard of and are not connected.', candidates.size),
    gauge('banned_peers', 'Peers that are kept out.', banned),
    counter('redials', 'Attempts to get back a peer that the user named.', kept.redials),
    counter('candidate_dials', 'Attempts to connect to a peer that was heard of.', candidates.dials),
    counter('candidate_dials_failed', 'Attempts to connect to a peer that was heard of, and that did not answer.', candidates.dialsFailed),
    counter('exchange_messages_sent', 'Messages that told a neighbour of the others.', counts.messagesSent),
    counter('exchange_bytes_sent', 'Bytes of the messages that told a neighbour of the others.', counts.bytesSent),
    counter('exchange_messages_received', 'Messages in which a neighbour told of its others.', counts.messagesReceived),
    counter('exchange_bytes_received', 'Bytes of the messages in which a neighbour told of its others.', counts.bytesReceived),
    counter('exchange_messages_refused', 'Messages of neighbours that were malformed.', counts.messagesRefused),
    counter('exchange_messages_lost', 'Messages that broke off while they were received.', counts.messagesLost)
  ]
}

function counter (name: string, help: string, value: number): CounterRow {
  return { name, help, type: 'counter', labels: {}, value }
}

function gauge (name: string, help: string, value: number): CounterRow {
  return { name, help, type: 'gauge', labels: {}, value }
}
