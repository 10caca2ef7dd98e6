/** What a service has done since it started. */
export interface SyncCounters {
  readonly requests: Record<'publish' | 'signal' | 'subscribe' | 'barrier' | 'cancel' | 'none', number>
  /** Messages that subscribers were sent. */
  delivered: number
  /** Barriers that were reached. */
  released: number
  /** Requests that were answered with an error, or for which their connection was closed. */
  refused: number
}

export function createSyncCounters (): SyncCounters {
  return { requests: { publish: 0, signal: 0, subscribe: 0, barrier: 0, cancel: 0, none: 0 }, delivered: 0, released: 0, refused: 0 }
}

/** What a service holds now. */
export interface SyncHoldings {
  readonly connections: number
  readonly states: number
  readonly topics: number
  readonly retainedBytes: number
  readonly retainedBytesMax: number
}

/** Counters and holdings in the text format 0.0.4 of Prometheus. */
export function syncMetrics ({ requests, delivered, released, refused }: SyncCounters, holdings: SyncHoldings): string {
  const metric = (name: string, type: 'counter' | 'gauge', help: string, rows: ReadonlyArray<readonly [labels: string, value: number]>): string =>
    `# HELP peerslab_sync_${name} ${help}\n# TYPE peerslab_sync_${name} ${type}\n${rows.map(([labels, value]) => `peerslab_sync_${name}${labels} ${value}\n`).join('')}`
  return [
    metric('requests_total', 'counter', 'Requests carried out, by kind.', Object.entries(requests).map(([kind, count]) => [`{kind="${kind}"}`, count])),
    metric('delivered_total', 'counter', 'Messages sent to subscribers.', [['', delivered]]),
    metric('released_total', 'counter', 'Barriers reached.', [['', released]]),
    metric('refused_total', 'counter', 'Requests refused.', [['', refused]]),
    metric('connections', 'gauge', 'Clients connected now.', [['', holdings.connections]]),
    metric('states', 'gauge', 'States held.', [['', holdings.states]]),
    metric('topics', 'gauge', 'Topics held.', [['', holdings.topics]]),
    metric('retained_bytes', 'gauge', 'What topics and keys hold together.', [['', holdings.retainedBytes]]),
    metric('retained_bytes_max', 'gauge', 'What they may hold together.', [['', holdings.retainedBytesMax]])
  ].join('')
}
