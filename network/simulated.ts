import { ipOf } from './address.ts'
import { betaOf, requireLevel } from './level.ts'
import { createSerialiser } from './link.ts'
import { createPaths } from './path.ts'
import { requireRegion } from './profile.ts'
import { createFaults } from './simulated-faults.ts'
import { NetworkError } from './simulated-host.ts'
import { createSimulatedTransport } from './simulated-transport.ts'
import type { NetworkCounters } from './counters.ts'
import type { Model } from './level.ts'
import type { Profile } from './profile.ts'
import type { Faults } from './simulated-faults.ts'
import type { Host, Medium, NetworkEvent } from './simulated-host.ts'
import type { Stage } from './stage.ts'
import type { ComponentLogger, Transport } from '@libp2p/interface'

export type { NetworkEvent } from './simulated-host.ts'

const PORT_FIRST = 4001
/** The first of the ports that RFC 6335 leaves to outgoing connections. */
const EPHEMERAL_PORT_FIRST = 49152

export interface SimulatedNetworkInit extends Model {
  stage: Stage
  profile: Profile
  /** Each direction between two instances draws from a stream of its own. */
  seed: string | number
  /** Is told everything that comes to an instance, in the order in which it comes. */
  observe?: (event: NetworkEvent) => void
}

export interface SimulatedInstance {
  /** Unique in its network. */
  instance: string
  region: string
  /** Where to count; read it at any time. */
  counters: NetworkCounters
}

/** A network in one process, in which nothing happens but through its stage. */
export interface SimulatedNetwork extends Faults {
  /**
   * Makes an instance known that will ask for a transport later, so that faults can name it. Addresses are given in the
   * order in which instances become known.
   */
  place: (instance: string, region: string) => void
  /**
   * What a libp2p node of this instance uses as its transport. The address of an instance is /ip4/10.x.y.z, where x.y.z
   * is its number in the order of asking, from 1; it listens on any port, and port 0 is 4001 and up.
   * To ask again after a crash is a restart: same address, new ports and connections.
   *
   * @throws ProfileError when the region is not in the profile
   */
  transport: (init: SimulatedInstance) => (components: { logger: ComponentLogger }) => Transport
}

/** @throws ProfileError when the level does not model all of the profile */
export function createSimulatedNetwork (init: SimulatedNetworkInit): SimulatedNetwork {
  const { stage, profile, seed, observe } = init
  requireLevel(profile, init.level)
  const beta = betaOf(init)
  const byInstance = new Map<string, Host>()
  const byIp = new Map<string, Host>()
  const { faults, reachable, latencyMs, degradation, apply } = createFaults({ profile, level: init.level, hosts: byInstance })
  let connections = 0

  function register (instance: string, region: string): Host {
    requireRegion(profile, region)
    const downlinkBitsPerSecond = profile.downlinkBitsPerSecond(region)
    const host: Host = {
      instance,
      region,
      ip: ipOf(byInstance.size + 1),
      paths: createPaths(profile, region, instance, seed, { beta, degradation }),
      downlink: Number.isFinite(downlinkBitsPerSecond) ? createSerialiser(downlinkBitsPerSecond) : undefined,
      ports: new Map(),
      connections: new Set(),
      life: { over: false },
      silent: false,
      nextPort: PORT_FIRST,
      nextEphemeralPort: EPHEMERAL_PORT_FIRST
    }
    byInstance.set(instance, host)
    byIp.set(host.ip, host)
    return host
  }

  const medium: Medium = {
    stage,
    observe,
    hostAt: (ip) => byIp.get(ip),
    latencyMs,
    reachable,
    post (from, to, arrive) {
      if (reachable(from, to)) {
        stage.at(stage.nowMs() + latencyMs(from, to), to.instance, () => {
          if (reachable(from, to)) {
            arrive()
          }
        })
      }
    },
    nextConnection: () => ++connections
  }

  return {
    ...faults,
    place (instance, region) {
      if (!byInstance.has(instance)) {
        register(instance, region)
      }
    },
    transport ({ instance, region, counters }) {
      const host = byInstance.get(instance) ?? register(instance, region)
      if (host.region !== region) {
        throw new NetworkError(`The instance ${instance} stands in ${host.region} and cannot stand in ${region} too: ask for ${host.region}.`)
      }
      if (host.life.over) {
        host.life = { over: false }
        host.silent = false
        apply()
      }
      const { life } = host
      return (components) => createSimulatedTransport({ medium, host, life, counters }, components)
    }
  }
}
