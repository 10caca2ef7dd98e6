import { multiaddr } from '@multiformats/multiaddr'
import { describe, expect, it } from 'vitest'
import { scopeOf, withinReach } from './scope.ts'

const addresses = (...texts: string[]) => texts.map((text) => multiaddr(text))

const [here, lan, world] = ['/ip4/127.0.0.1/tcp/1', '/ip4/10.1.2.3/tcp/1', '/ip4/8.8.8.8/tcp/1']
const [ownHere, ownLan] = ['/ip4/127.0.0.1/tcp/2', '/ip4/10.1.2.4/tcp/2']

describe('the scope of an address', () => {
  it.each([
    ['/ip4/127.255.0.1/tcp/1', 'loopback'], ['/ip6/::1/tcp/1', 'loopback'], ['/ip6/::ffff:127.0.0.1/tcp/1', 'loopback'],
    ['/ip4/192.168.1.1/tcp/1', 'private'], ['/ip4/100.64.0.1/tcp/1', 'private'], ['/ip4/172.31.0.1/tcp/1', 'private'],
    ['/ip6/fe80::1/tcp/1', 'private'], ['/ip6/fd00::1/tcp/1', 'private'], ['/ip6/::ffff:10.0.0.1/tcp/1', 'private'],
    ['/ip4/172.32.0.1/tcp/1', 'public'], ['/ip6/2600::1/tcp/1', 'public'],
    ['/ip4/0.0.0.0/tcp/1', undefined], ['/ip4/224.0.0.251/tcp/1', undefined], ['/ip6/::/tcp/1', undefined], ['/ip4/255.255.255.255/tcp/1', undefined],
    ['/dns4/localhost/tcp/1', undefined], ['/ip4/8.8.8.8/udp/53', undefined], ['/ip4/8.8.8.8/tcp/1/ws', undefined]
  ])('of %s is %s', (text, scope) => {
    expect(scopeOf(multiaddr(text))).toBe(scope)
  })
})

describe('of the addresses that others tell are dialled', () => {
  const told = addresses(here, lan, world, '/dns4/localhost/tcp/1', ownHere)

  it.each([
    ['a peer on the same host tells one that listens everywhere', [ownHere, ownLan], here, [here, lan, world]],
    ['a peer on the same network tells one that listens everywhere', [ownHere, ownLan], lan, [lan, world]],
    ['a peer in the world tells one that listens everywhere', [ownHere, ownLan], world, [world]],
    ['a peer on the same host tells one that listens on loopback', [ownHere], here, [here, world]],
    ['a peer on the same network tells one that does not listen', [], lan, [world]],
    ['a relayed peer tells one that listens everywhere', [ownHere, ownLan], '/dns4/relay/tcp/1', [world]]
  ])('when %s', (_name, own, teller, expected) => {
    expect(withinReach(told, { own: addresses(...own), teller: multiaddr(teller) }).map(String)).toEqual(expected)
  })
})
