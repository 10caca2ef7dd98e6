import { multiaddr } from '@multiformats/multiaddr'
import { describe, expect, it } from 'vitest'
import { ipOf, toEndpoint, toMultiaddr } from './address.ts'

const PEER = '/p2p/12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5'

describe('addresses', () => {
  it('number the instances through 10.0.0.0/8, and no further', () => {
    expect([1, 255, 256, 65_536, 2 ** 24 - 1].map(ipOf)).toEqual(['10.0.0.1', '10.0.0.255', '10.0.1.0', '10.1.0.0', '10.255.255.255'])
    expect(() => ipOf(2 ** 24)).toThrow('has no address for instance 16777216')
  })

  it('are IPv4 and TCP, with or without a peer, and nothing else', () => {
    const endpoint = { ip: '10.0.0.1', port: 4001 }
    const address = toMultiaddr(endpoint).toString()
    expect([address, `${address}${PEER}`].map((text) => toEndpoint(multiaddr(text)))).toEqual([endpoint, endpoint])
    for (const other of ['/ip6/::1/tcp/1', '/ip4/10.0.0.1/udp/1', `${address}/ws`, `${address}${PEER}/p2p-circuit`]) {
      expect(toEndpoint(multiaddr(other))).toBeUndefined()
    }
  })
})
