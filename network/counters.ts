/** What one instance exchanged with all instances of one remote region. */
export interface RegionCounters {
  /** Bytes of libp2p connections handed to the network; TCP/IP headers and the shaping's own greeting are not among them. */
  bytesSent: number
  /** Bytes of libp2p connections that came out of the network. */
  bytesReceived: number
  /** Connections open now. */
  connections: number
  /** Connections opened so far. */
  connectionsOpened: number
}

/** Counters by remote region, readable at any time. */
export interface NetworkCounters {
  /** The live counters of a region, made at first use. */
  of: (region: string) => RegionCounters
  /** A copy of all of them as plain data, by region. */
  snapshot: () => Record<string, RegionCounters>
}

export function createCounters (): NetworkCounters {
  const byRegion = new Map<string, RegionCounters>()
  return {
    of (region) {
      let counters = byRegion.get(region)
      if (counters === undefined) {
        counters = { bytesSent: 0, bytesReceived: 0, connections: 0, connectionsOpened: 0 }
        byRegion.set(region, counters)
      }
      return counters
    },
    snapshot: () => Object.fromEntries([...byRegion].map(([region, counters]) => [region, { ...counters }]))
  }
}
