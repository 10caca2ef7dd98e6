/** Whether a reader wishes a metric to be small or large. */
export type Direction = 'lower' | 'higher' | 'none'

export interface Metric {
  readonly unit: string
  readonly meaning: string
  readonly better: Direction
}

/**
 * Every metric that an instance may record. Rows go to `results.out`, one JSON object a line, in
 * Testground's form `{ ts, type, name, measures }` with the tags in the name. Every row carries the tag
 * region, which is this instance's own.
 */
export const metrics = {
  replication_entry_ms: {
    unit: 'ms',
    meaning: 'call to contribute at the origin until the entry is visible in this peer\'s log; tags: from (a region), cid, bytes; censored=1: it had not arrived when the wait ran out',
    better: 'lower'
  },
  replication_file_ms: {
    unit: 'ms',
    meaning: 'call to contribute at the origin until the whole file is held by this peer; tags and censoring as for replication_entry_ms',
    better: 'lower'
  },
  bootstrap_log_ms: {
    unit: 'ms',
    meaning: 'newcomer opens its peer until all entries that existed are in its log; tags: peers_before (those of its own round left out), entries',
    better: 'lower'
  },
  bootstrap_files_ms: {
    unit: 'ms',
    meaning: 'newcomer opens its peer until it holds the files of all entries that existed; tags: peers_before, files, bytes',
    better: 'lower'
  },
  bootstrap_entries_held: {
    unit: 'entries',
    meaning: 'entries in a newcomer\'s log after elapsed_ms, of as many as existed',
    better: 'higher'
  },
  bootstrap_files_held: {
    unit: 'files',
    meaning: 'files held by a newcomer after elapsed_ms, of as many as existed',
    better: 'higher'
  },
  converged: {
    unit: '1',
    meaning: '1 when this peer\'s log and files are exactly what was contributed, byte for byte, else 0',
    better: 'higher'
  },
  entries_held_ratio: {
    unit: '1',
    meaning: 'entries in this peer\'s log, of as many (of) as had been acknowledged to whoever contributed them elapsed_ms after the start mark',
    better: 'higher'
  },
  files_held_ratio: {
    unit: '1',
    meaning: 'whole files held by this peer, of as many (of) as had been acknowledged elapsed_ms after the start mark; 1 is converged',
    better: 'higher'
  },
  files_available_ratio: {
    unit: '1',
    meaning: 'files that at least one live peer held as a whole elapsed_ms after the start mark, of as many (of) as had been acknowledged',
    better: 'higher'
  },
  file_availability: {
    unit: '1',
    meaning: 'part of the time since it was acknowledged in which at least one live peer held this file as a whole; tag: cid',
    better: 'higher'
  },
  peers_alive: {
    unit: 'peers',
    meaning: 'peers that were there elapsed_ms after the start mark, of all (of)',
    better: 'none'
  },
  rejoin_ms: {
    unit: 'ms',
    meaning: 'a peer that joins, or comes back, opens until it holds all that had been acknowledged by then; tags: begins (join or restart), disk (kept or new), root (present or absent: whether a peer with role root was there); censored=1: its life, or the wait, was over before',
    better: 'lower'
  },
  rejoin_neighbour_ms: {
    unit: 'ms',
    meaning: 'a peer that joins, or comes back, opens until the first other peer shares the log with it; tags and censoring as for rejoin_ms',
    better: 'lower'
  },
  wasted_bytes: {
    unit: 'B',
    meaning: 'bytes that a life of this peer received beyond those of the files that it lacked, elapsed_ms after the start mark',
    better: 'lower'
  },
  heal_ms: {
    unit: 'ms',
    meaning: 'last fault over until this peer held everything that has to be everywhere; 0 where it did already; censored=1: it still did not when the wait ran out',
    better: 'lower'
  },
  bytes_per_contribution: {
    unit: 'B',
    meaning: 'bytes of libp2p connections that this peer sent and received, from connected until all held everything, for each contribution; measures sent, received; tag: peers',
    better: 'lower'
  },
  messages_per_contribution: {
    unit: 'messages',
    meaning: 'what this peer gave streams to send, whatever their protocol, from connected until all held everything, for each contribution; tag: peers',
    better: 'lower'
  },
  cpu_ms_per_contribution: {
    unit: 'ms',
    meaning: 'CPU time that this peer used from connected until all held everything, for each contribution; tag: peers',
    better: 'lower'
  },
  held_rss_bytes: {
    unit: 'B',
    meaning: 'resident memory of this peer when all held everything; tag: peers',
    better: 'lower'
  },
  held_store_bytes: {
    unit: 'B',
    meaning: 'what the store of this peer took when all held everything; tag: peers',
    better: 'lower'
  },
  time_to_fetch: {
    unit: 'ns',
    meaning: 'a leech asks for a file until it holds all of it; tags as in the authors\' plan: latencyMS, bandwidthMB, run, seq, groupName, groupSeq, fileSize, nodeType, nodeTypeIndex',
    better: 'lower'
  },
  time_to_validate: {
    unit: 'ns',
    meaning: 'a leech validates what it fetched, by the law that was asked for; -1: validation was off; tags as in the authors\' plan: latencyMS, bandwidthMB, run, seq, groupName, groupSeq, fileSize, nodeType, nodeTypeIndex',
    better: 'lower'
  },
  seed_leaves_held: {
    unit: 'blocks',
    meaning: 'blocks of content of a file that a seed holds which is to hold a part of it; total: as many as the file has; tags as in the authors\' plan: seq, fileSize, nodeTypeIndex',
    better: 'none'
  },
  msgs_rcvd: {
    unit: 'messages',
    meaning: 'messages of Bitswap, or of PeersDB\'s own protocol, that came to this peer in a run; tags as in the authors\' plan: latencyMS, bandwidthMB, run, seq, groupName, groupSeq, fileSize, nodeType, nodeTypeIndex',
    better: 'lower'
  },
  data_sent: {
    unit: 'B',
    meaning: 'bytes of blocks that this peer sent in a run; tags as in the authors\' plan: latencyMS, bandwidthMB, run, seq, groupName, groupSeq, fileSize, nodeType, nodeTypeIndex',
    better: 'lower'
  },
  data_rcvd: {
    unit: 'B',
    meaning: 'bytes of blocks that came to this peer in a run; tags as in the authors\' plan: latencyMS, bandwidthMB, run, seq, groupName, groupSeq, fileSize, nodeType, nodeTypeIndex',
    better: 'lower'
  },
  dup_data_rcvd: {
    unit: 'B',
    meaning: 'bytes of blocks that came to this peer a second time in a run; tags as in the authors\' plan: latencyMS, bandwidthMB, run, seq, groupName, groupSeq, fileSize, nodeType, nodeTypeIndex',
    better: 'lower'
  },
  blks_sent: {
    unit: 'blocks',
    meaning: 'blocks that this peer sent in a run; tags as in the authors\' plan: latencyMS, bandwidthMB, run, seq, groupName, groupSeq, fileSize, nodeType, nodeTypeIndex',
    better: 'lower'
  },
  blks_rcvd: {
    unit: 'blocks',
    meaning: 'blocks that came to this peer in a run; tags as in the authors\' plan: latencyMS, bandwidthMB, run, seq, groupName, groupSeq, fileSize, nodeType, nodeTypeIndex',
    better: 'lower'
  },
  dup_blks_rcvd: {
    unit: 'blocks',
    meaning: 'blocks that came to this peer a second time in a run; tags as in the authors\' plan: latencyMS, bandwidthMB, run, seq, groupName, groupSeq, fileSize, nodeType, nodeTypeIndex',
    better: 'lower'
  },
  private_bytes_seen: {
    unit: 'B',
    meaning: 'bytes of private files that streams of this instance carried, as far as they were recognised: pieces of 16 bytes, wherever they lay; tags: way (sent or received), protocol',
    better: 'lower'
  },
  stream_bytes_searched: {
    unit: 'B',
    meaning: 'bytes of streams of this instance in which private ones were looked for; tags: way (sent or received), protocol',
    better: 'none'
  },
  attack_ms: {
    unit: 'ms',
    meaning: 'one attack, from the connection of its first attacker until all that it asked for was answered; tags: protocol, victim (its number in the run)',
    better: 'none'
  },
  public_blocks_obtained_ratio: {
    unit: '1',
    meaning: 'public blocks that an attack obtained, of as many as there are: the same attack that must obtain no private one; tags: protocol, victim (its number in the run)',
    better: 'none'
  },
  verdict_ms: {
    unit: 'ms',
    meaning: 'a strategy began to decide on a contribution until it came to its verdict; tags: strategy, verdict, content (sound or flawed)',
    better: 'lower'
  },
  false_accept_rate: {
    unit: '1',
    meaning: 'flawed contributions that a peer took for valid, of all flawed ones; tag: strategy',
    better: 'lower'
  },
  false_reject_rate: {
    unit: '1',
    meaning: 'sound contributions that a peer took for invalid, of all sound ones; tag: strategy',
    better: 'lower'
  },
  undecided_rate: {
    unit: '1',
    meaning: 'contributions that a peer left undecided, of all; tag: strategy',
    better: 'lower'
  },
  validation_messages: {
    unit: 'messages',
    meaning: 'requests for votes that a peer sent to decide on all contributions; tag: strategy',
    better: 'lower'
  },
  validations_computed: {
    unit: 'validations',
    meaning: 'how often a peer looked at the content of a contribution itself; tags: strategy, role',
    better: 'lower'
  },
  prediction_error_mape: {
    unit: '%',
    meaning: 'mean absolute percentage error of a model\'s predictions for executions that nobody contributed; tags: job, model, data (local, partial or full), corpus_held (the part of the corpus learnt from), target (all, or own: those of the context of this peer\'s own), strategy (what was rejected by it was left out)',
    better: 'lower'
  },
  bytes_sent: {
    unit: 'B',
    meaning: 'bytes of libp2p connections that this instance sent; tag: to, a region',
    better: 'lower'
  },
  bytes_received: {
    unit: 'B',
    meaning: 'bytes of libp2p connections that this instance received; tag: from, a region',
    better: 'lower'
  },
  protocol_bytes_sent: {
    unit: 'B',
    meaning: 'bytes that streams of one protocol took from this instance, without the encryption and framing of connections; tag: protocol',
    better: 'none'
  },
  protocol_bytes_received: {
    unit: 'B',
    meaning: 'bytes that streams of one protocol gave to this instance, without the encryption and framing of connections; tag: protocol',
    better: 'none'
  },
  redundancy: {
    unit: '1',
    meaning: 'bytes received divided by the bytes of those files that had to come from other peers',
    better: 'lower'
  },
  link_rtt_ms: {
    unit: 'ms',
    meaning: 'median round trip of libp2p pings between two instances, beside the one that was asked for; tags: from, to',
    better: 'none'
  },
  link_throughput_bits_per_second: {
    unit: 'bit/s',
    meaning: 'rate at which the second half of the bytes of one libp2p stream arrived, beside what was asked for; tags: from, to',
    better: 'none'
  },
  link_ping_ms: {
    unit: 'ms',
    meaning: 'round trip of a libp2p ping to one neighbour after another, every two seconds while a run goes, beside the one that was asked for; tags: from, to',
    better: 'none'
  },
  clock_offset_ms: {
    unit: 'ms',
    meaning: 'how far the clock of instance 0, on another machine, was ahead of this one, which was set by it',
    better: 'none'
  },
  clock_error_ms: {
    unit: 'ms',
    meaning: 'the most by which the clock can be off that of instance 0, elapsed_ms after it was set by it: half of the fastest round trip, and what the two have come apart since',
    better: 'lower'
  },
  sidecar_rtt_error_ms: {
    unit: 'ms',
    meaning: 'by how much the round trip differs from the profile because a sidecar delays all that an instance sends alike; tag: to, a region',
    better: 'none'
  },
  start_ms: {
    unit: 'ms',
    meaning: 'this instance\'s process was started until its peer was connected to all others',
    better: 'lower'
  },
  idle_rss_bytes: {
    unit: 'B',
    meaning: 'resident memory of the instance once its peer is connected and before any contribution',
    better: 'lower'
  },
  rss_bytes: { unit: 'B', meaning: 'resident memory of the instance, once a second', better: 'lower' },
  cpu_ms: { unit: 'ms', meaning: 'CPU time that the instance has used so far, once a second', better: 'lower' },
  cpu_percent: { unit: '%', meaning: 'how busy all cores of the machine together were in the second before', better: 'lower' },
  event_loop_delay_ms: {
    unit: 'ms',
    meaning: 'longest delay of the event loop in the second before; above the effect that is measured, it is the machine that was measured',
    better: 'lower'
  }
} as const satisfies Record<string, Metric>

export type MetricName = keyof typeof metrics
