import { multiaddr } from '@multiformats/multiaddr'
import type { Multiaddr } from '@multiformats/multiaddr'

/** Where a connection leads in a simulated network: an IPv4 address and a TCP port. */
export interface Endpoint {
  ip: string
  port: number
}

/** The address of the instance that came as the n-th, from 1: in 10.0.0.0/8, which is nobody's. */
export function ipOf (n: number): string {
  if (n >= 2 ** 24) {
    throw new RangeError(`A simulated network has no address for instance ${n}: use fewer than ${2 ** 24}.`)
  }
  return `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`
}

export function toMultiaddr ({ ip, port }: Endpoint): Multiaddr {
  return multiaddr(`/ip4/${ip}/tcp/${port}`)
}

/** Undefined for an address of any other form than /ip4/…/tcp/…, with or without a peer behind it. */
export function toEndpoint (address: Multiaddr): Endpoint | undefined {
  const [ip, tcp, peer, ...rest] = address.getComponents()
  if (ip?.name !== 'ip4' || tcp?.name !== 'tcp' || (peer !== undefined && peer.name !== 'p2p') || rest.length > 0) {
    return undefined
  }
  return { ip: ip.value ?? '', port: Number(tcp.value) }
}
