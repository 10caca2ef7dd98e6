import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { InvalidInputError } from '../errors.ts'
import { ConnectError, reasonOf } from './errors.ts'
import type { Cancellable } from '../api.ts'
import type { Multiaddr } from '@multiformats/multiaddr'

/** The port of a peer whose address names none. */
export const portDefault = 4001

const textLengthMax = 1024
const lookupTimeoutMs = 5_000

/** Where a peer is, as a user wrote it: a multiaddr, or a name that has to be looked up. */
export interface PeerAddress {
  /** What the user wrote. */
  readonly text: string
  /** The peer that is expected there; absent: whoever answers. */
  readonly peerId?: string
  readonly target: Multiaddr | NamedHost
}

export interface NamedHost {
  readonly host: string
  /** 0 stands for both. */
  readonly family: 0 | 4 | 6
  readonly port: number
}

/** Resolves a name to all its addresses, as `lookup` of `node:dns/promises` does. */
export type Lookup = (host: string, family: 0 | 4 | 6) => Promise<Array<{ address: string, family: number }>>

const families = new Map<string, 0 | 4 | 6>([['dns', 0], ['dns4', 4], ['dns6', 6]])

/**
 * Parses the address of a peer: a multiaddr, or `host`, `host:port`, an IPv4 address or an IPv6 address (with a
 * port: in brackets), each with or without `/p2p/<peer id>` behind it.
 *
 * @throws {InvalidInputError} where it is none of these
 */
export function parseAddress (text: string): PeerAddress {
  const trimmed = text.trim()
  const parsed = trimmed.length > textLengthMax ? undefined : trimmed.startsWith('/') ? parseMultiaddr(trimmed) : parseHost(trimmed)

  if (parsed == null) {
    throw new InvalidInputError(
      `"${text.slice(0, 256)}" is not a multiaddr; it looks like /ip4/127.0.0.1/tcp/4001/p2p/<peer id>, and host or host:port is accepted too`
    )
  }

  return { text: trimmed, ...parsed }
}

function parseMultiaddr (text: string): Omit<PeerAddress, 'text'> | undefined {
  try {
    const target = multiaddr(text)
    const components = target.getComponents()
    const [first, second, ...rest] = components

    if (first == null) {
      return undefined
    }

    const id = components.findLast(({ name }) => name === 'p2p')?.value
    const peerId = id == null ? undefined : peerIdFromString(id).toString()
    const family = families.get(first.name)

    // A name in front of a secure WebSocket, for one, has to stay: the certificate is checked against it.
    if (family != null && first.value != null && second?.name === 'tcp' && rest.every(({ name }) => name === 'p2p')) {
      return { peerId, target: { host: first.value, family, port: Number(second.value) } }
    }

    return { peerId, target }
  } catch {
    return undefined
  }
}

const labelPattern = /^\w(?:[\w-]{0,61}\w)?$/

/** The last label of a name has a letter, or else it is a malformed IPv4 address, which a resolver may take for another one. */
function isHostName (text: string): boolean {
  const labels = text.replace(/\.$/, '').split('.')
  return text.length <= 253 && labels.every((label) => labelPattern.test(label)) && /[a-z]/i.test(labels.at(-1) ?? '')
}

const hostPattern = /^(?:\[(?<ip6>[^\]]+)\]|(?<name>[^:]+))(?::(?<port>\d{1,5}))?$/

function parseHost (text: string): Omit<PeerAddress, 'text'> | undefined {
  const [hostAndPort = '', id, ...more] = text.split('/p2p/')
  const groups = hostPattern.exec(hostAndPort)?.groups
  // Without brackets, all the colons of an IPv6 address are its own.
  const host = isIP(hostAndPort) === 6 ? hostAndPort : groups?.ip6 ?? groups?.name
  const port = Number(groups?.port ?? portDefault)

  if (host == null || port < 1 || port > 65_535 || more.length > 0) {
    return undefined
  }

  if (isIP(host) > 0) {
    return parseMultiaddr(hostMultiaddr(host, port, id))
  }

  const peer = id == null ? { peerId: undefined } : parseMultiaddr(`/p2p/${id}`)
  return peer != null && groups?.ip6 == null && isHostName(host) ? { peerId: peer.peerId, target: { host, family: 0, port } } : undefined
}

function hostMultiaddr (ip: string, port: number, peerId?: string): string {
  return `/ip${isIP(ip) === 6 ? 6 : 4}/${ip}/tcp/${port}${peerId == null ? '' : `/p2p/${peerId}`}`
}

/**
 * The multiaddrs to dial, all of the same peer: names are looked up each time, since they may have moved.
 *
 * @throws {ConnectError} where a name does not resolve within five seconds
 */
export async function resolveAddress (address: PeerAddress, options: Cancellable & { lookup?: Lookup } = {}): Promise<Multiaddr[]> {
  if (!('host' in address.target)) {
    return [address.target]
  }

  const { host, family, port } = address.target
  const timeout = AbortSignal.timeout(lookupTimeoutMs)
  const signal = options.signal == null ? timeout : AbortSignal.any([timeout, options.signal])

  try {
    const found = await abandonable((options.lookup ?? lookupAll)(host, family), signal)
    return found.map((result) => multiaddr(hostMultiaddr(result.address, port, address.peerId)))
  } catch (err) {
    options.signal?.throwIfAborted()
    throw new ConnectError(`the name "${host}" in "${address.text}" could not be resolved (${reasonOf(err)}); check its spelling and the DNS`, { cause: err })
  }
}

const lookupAll: Lookup = (host, family) => lookup(host, { all: true, family })

/** The system's resolver cannot be cancelled, so an answer that comes too late is left to itself. */
function abandonable<T> (work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abandon = () => { reject(signal.reason as Error) }
    signal.addEventListener('abort', abandon, { once: true })
    if (signal.aborted) { abandon() }
    work.finally(() => { signal.removeEventListener('abort', abandon) }).then(resolve, reject)
  })
}
