import { BlockList, isIP } from 'node:net'
import { CODE_P2P } from '@multiformats/multiaddr'
import type { Multiaddr } from '@multiformats/multiaddr'

/** From where an address can be reached: from the same host, from the same private network, or from everywhere. */
export type Scope = 'loopback' | 'private' | 'public'

const reach: Record<Scope, number> = { loopback: 0, private: 1, public: 2 }

const loopback = subnets('127.0.0.0/8', '::1/128')
/** RFC 1918, RFC 6598 (carrier-grade NAT), RFC 3927 and RFC 4291 (link-local), RFC 4193 (unique local). */
const privateUse = subnets('10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '169.254.0.0/16', 'fc00::/7', 'fe80::/10')
/** What no single host has: unspecified, multicast, reserved, broadcast. */
const nobody = subnets('0.0.0.0/8', '224.0.0.0/4', '240.0.0.0/4', '::/128', 'ff00::/8')

function subnets (...list: string[]): BlockList {
  const blocks = new BlockList()

  for (const subnet of list) {
    const [address = '', bits] = subnet.split('/')
    blocks.addSubnet(address, Number(bits), familyOf(address))
  }

  return blocks
}

function familyOf (ip: string): 'ipv4' | 'ipv6' {
  return isIP(ip) === 6 ? 'ipv6' : 'ipv4'
}

/** The scope of an IP address over TCP, with or without a peer id; undefined for anything else, names included. */
export function scopeOf (address: Multiaddr): Scope | undefined {
  const [host, port, ...rest] = address.getComponents()
  const ip = host?.value

  if (ip == null || (host?.name !== 'ip4' && host?.name !== 'ip6') || port?.name !== 'tcp' || rest.some(({ name }) => name !== 'p2p')) {
    return undefined
  }

  const family = familyOf(ip)
  return nobody.check(ip, family)
    ? undefined
    : loopback.check(ip, family) ? 'loopback' : privateUse.check(ip, family) ? 'private' : 'public'
}

export interface Hearsay {
  /** Where this peer can be reached. */
  own: Multiaddr[]
  /** The other end of the connection to the peer that told the addresses. */
  teller?: Multiaddr
}

/**
 * Which addresses that others told are worth dialling. A loopback or private address means another machine to everyone
 * who is somewhere else; it is dialled only by a peer that has one of that kind itself, and only where the teller is as
 * near as that. A name is never dialled, for it may resolve to any of these, and neither is an address of our own.
 */
export function withinReach (addresses: Multiaddr[], { own, teller }: Hearsay): Multiaddr[] {
  const scopes = new Set<Scope | undefined>(own.map(scopeOf)).add('public')
  const self = new Set(own.map(withoutPeer))
  const nearest = teller == null ? 0 : reach[scopeOf(teller) ?? 'public']
  return addresses.filter((address) => {
    const scope = scopeOf(address)
    return scope != null && scopes.has(scope) && reach[scope] >= nearest && !self.has(withoutPeer(address))
  })
}

/** Host and port alone, as text. */
export function withoutPeer (address: Multiaddr): string {
  return address.decapsulateCode(CODE_P2P).toString()
}
