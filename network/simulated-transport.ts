import { transportSymbol } from '@libp2p/interface'
import { toEndpoint, toMultiaddr } from './address.ts'
import { orAborted } from './ends.ts'
import { SimulatedConnection } from './simulated-connection.ts'
import { NetworkError, requireLife, tell } from './simulated-host.ts'
import { SimulatedListener } from './simulated-listener.ts'
import type { NetworkCounters } from './counters.ts'
import type { Host, Medium } from './simulated-host.ts'
import type { ComponentLogger, Logger, Transport } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

export interface SimulatedTransportInit {
  medium: Medium
  host: Host
  /** Of the host, in which this transport is of use. */
  life: Host['life']
  counters: NetworkCounters
}

/** The transport of one libp2p node that stands on a simulated network. */
export function createSimulatedTransport (init: SimulatedTransportInit, components: { logger: ComponentLogger }): Transport {
  const log = components.logger.forComponent('peerslab:simulated')
  const filter = (addresses: Multiaddr[]): Multiaddr[] => addresses.filter((address) => toEndpoint(address) !== undefined)
  return {
    [Symbol.toStringTag]: 'simulated',
    [transportSymbol]: true,
    listenFilter: filter,
    dialFilter: filter,
    async dial (address, options) {
      const connection = await connect(init, address, log, options.signal)
      try {
        return await options.upgrader.upgradeOutbound(connection, options)
      } catch (error) {
        connection.abort(error as Error)
        throw error
      }
    },
    createListener: ({ upgrader }) => new SimulatedListener(init, upgrader, log)
  }
}

/**
 * TCP's handshake: the dialling side has the connection, or learns that nobody listens, after one round trip, and the
 * accepting side has it half a round trip later.
 *
 * @throws NetworkError when nobody listens there, and the reason of the signal when it aborts before
 */
async function connect (
  { medium, host, life, counters }: SimulatedTransportInit, address: Multiaddr, log: Logger, signal: AbortSignal
): Promise<SimulatedConnection> {
  signal.throwIfAborted()
  requireLife(host, life)
  const { stage } = medium
  const endpoint = toEndpoint(address)
  const remote = endpoint === undefined ? undefined : medium.hostAt(endpoint.ip)
  if (endpoint === undefined || remote === undefined) {
    throw new NetworkError(`No instance of the simulated network has the address ${address.toString()}: dial one that an instance listens on.`)
  }
  const number = medium.nextConnection()
  const remoteAddr = toMultiaddr({ ip: host.ip, port: host.nextEphemeralPort++ })
  const dialled = Promise.withResolvers<SimulatedConnection>()

  function onSyn (remote: Host, port: number): void {
    tell(medium, 'syn', host, remote, number)
    const answer = remote.ports.has(port) ? () => { onSynAck(remote, port) } : () => { onRefusal(remote) }
    medium.post(remote, host, answer)
  }

  function onRefusal (remote: Host): void {
    tell(medium, 'refuse', remote, host, number)
    dialled.reject(new NetworkError(`The instance ${remote.instance} refuses connections at ${address.toString()}: it does not listen there.`))
  }

  function onSynAck (remote: Host, port: number): void {
    // Who has given up does not answer any more.
    if (!signal.aborted && !life.over) {
      const acceptMs = stage.nowMs() + medium.latencyMs(host, remote)
      // Asked for before anything that takes processor time: no byte may come to a side that has not accepted yet.
      medium.post(host, remote, () => { onAck(connection, remote, port) })
      const connection = new SimulatedConnection({
        medium, number, local: host, remote, remoteAddr: address, direction: 'outbound', counters: counters.of(remote.region), log,
        arriveMsMin: acceptMs
      })
      dialled.resolve(connection)
    }
  }

  function onAck (connection: SimulatedConnection, remote: Host, port: number): void {
    const accept = remote.ports.get(port)
    if (accept === undefined) {
      connection.refuse()
    } else {
      accept({ number, from: host, remoteAddr, peer: connection })
    }
  }

  medium.post(host, remote, () => { onSyn(remote, endpoint.port) })
  return orAborted(dialled.promise, signal)
}
