import { transportSymbol } from '@libp2p/interface'
import { createGate } from './gate.ts'
import type { ShapedInit } from './gate.ts'
import type { Transport } from '@libp2p/interface'

export type { ShapedInit } from './gate.ts'

/**
 * Shapes any libp2p transport to a network profile: `transports: [shaped(tcp(), { profile, region, instance, seed })]`.
 *
 * Each side delays what it sends, so both sides of a connection must be shaped and hold the same profile; they tell each
 * other region and instance before libp2p's first byte. One call of `shaped` is one instance: all connections that come
 * from it share its uplink, its timer and its counters.
 *
 * @throws ProfileError when the region is not in the profile
 * @throws ShapingError when region or instance are too long to be told
 */
export function shaped<Components> (
  inner: (components: Components) => Transport, init: ShapedInit
): (components: Components) => Transport {
  const gate = createGate(init)
  return (components) => {
    const transport = inner(components)
    return {
      [Symbol.toStringTag]: `shaped ${transport[Symbol.toStringTag]}`,
      [transportSymbol]: true,
      listenFilter: (addresses) => transport.listenFilter(addresses),
      dialFilter: (addresses) => transport.dialFilter(addresses),
      dial: async (address, options) => transport.dial(address, { ...options, upgrader: gate.upgrader(options.upgrader) }),
      createListener (options) {
        const { upgrader, inbound } = gate.listening(options.upgrader)
        const listener = transport.createListener({ ...options, upgrader })
        const close = listener.close.bind(listener)
        // A listener cuts its connections when it closes. What they have been given to send is on its way by then as far
        // as libp2p knows, so it gets the time to arrive.
        listener.close = async () => {
          await gate.settle(inbound)
          await close()
        }
        return listener
      }
    }
  }
}
