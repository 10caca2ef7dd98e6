import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { afterEach, describe, expect, it } from 'vitest'
import { createLinkState, simulatedLinks } from './links.ts'
import { shaped } from './shaped.ts'
import { createWorld, receive } from './stage.test-helper.ts'
import { twoRegions } from './two-regions.test-helper.ts'

describe('the state of links', () => {
  it('cuts those between sides alone, until it is healed', () => {
    const links = createLinkState()
    let calls = 0
    const end = links.onPartition(() => { calls++ })
    links.partition([['a', 'b'], ['c'], ['d']])
    expect([['a', 'b'], ['a', 'c'], ['c', 'd'], ['a', 'elsewhere']].map(([one = '', other = '']) => links.reachable(one, other)))
      .toEqual([true, false, false, true])
    links.heal()
    expect(links.reachable('a', 'c')).toBe(true)
    end()
    links.heal()
    expect(calls).toBe(2)
  })

  it('changes those between sides, both ways or forth alone, until it is restored', () => {
    const links = createLinkState()
    links.degrade([['a'], ['b']], 'forth', { latencyFactor: 2 })
    expect([links.change('a', 'b'), links.change('b', 'a')]).toEqual([{ latencyFactor: 2 }, undefined])
    links.degrade([['a'], ['b']], 'both', { latencyFactor: 3 })
    expect([links.change('b', 'a'), links.change('a', 'c')]).toEqual([{ latencyFactor: 3 }, undefined])
    links.restore()
    expect(links.change('a', 'b')).toBeUndefined()
  })
})

describe('the links of a simulated network', () => {
  it('are cut, changed and mended by the names of instances, those to come among them', async () => {
    const profile = twoRegions({ oneWayMs: 50, flow: 1e7 })
    const { stage, network, stand, connect } = createWorld({ profile, level: 'bandwidth' })
    network.place('one', 'a')
    network.place('two', 'b')
    const links = simulatedLinks(network, profile, (instance) => instance === 'one' ? 'a' : 'b')
    links.partition([['one'], ['two']])
    links.heal()
    const { out, inn } = await connect(await stand('one', 'a'), await stand('two', 'b'))
    const arrivals = receive(stage, inn)
    const startMs = stage.nowMs()
    links.degrade([['one'], ['two']], 'forth', { latencyFactor: 3, bandwidthFactor: 0.1 })
    out.send(new Uint8Array(125))
    await stage.runTo(startMs + 1000)
    links.restore()
    out.send(new Uint8Array(125))
    await stage.runTo(startMs + 2000)
    // 125 bytes take 1 ms at a tenth of the rate, and a tenth of that at all of it.
    expect(arrivals.map(({ atMs }) => Math.round((atMs - startMs) * 10) / 10)).toEqual([151, 1050.1])
  })

  it('tell the peers of a process that is killed at once, a latency later', async () => {
    const { stage, network, stand, connect } = createWorld({ profile: twoRegions({ oneWayMs: 50 }), level: 'bandwidth' })
    const { inn, out } = await connect(await stand('one', 'a'), await stand('two', 'b'))
    const startMs = stage.nowMs()
    network.crash('one', { resets: true })
    await stage.runTo(startMs + 49)
    expect(inn.status).toBe('open')
    await stage.runTo(startMs + 51)
    expect([inn.status, out.status]).toEqual(['reset', 'open'])
  })
})

describe('real connections that are shaped', () => {
  const toClose: Array<() => Promise<unknown>> = []
  afterEach(async () => { await Promise.all(toClose.splice(0).map(async (close) => close())) })

  async function start (instance: string, region: string) {
    const links = createLinkState()
    const node = await createLibp2p({
      addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
      transports: [shaped(tcp(), { profile: twoRegions({ oneWayMs: 10 }), region, instance, seed: 1, links })],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      connectionMonitor: { enabled: false },
      services: { ping: ping({ timeout: 10_000 }) }
    })
    toClose.push(async () => node.stop())
    return { node, links }
  }

  it('hold what is sent over a partition, and a dial over it gets no answer', async () => {
    const [one, two] = [await start('one', 'a'), await start('two', 'b')]
    const [address] = two.node.getMultiaddrs()
    const sides = [['one'], ['two']]
    await one.node.dial(address!)
    const cut = (): void => { [one, two].forEach(({ links }) => { links.partition(sides) }) }
    cut()
    const startedMs = performance.now()
    const answer = one.node.services.ping.ping(two.node.peerId)
    const early = await Promise.race([answer.then(() => 'answered'), new Promise((resolve) => { setTimeout(resolve, 300, 'silence') })])
    expect(early).toBe('silence')
    ;[one, two].forEach(({ links }) => { links.heal() })
    // Sent again at TCP's next retransmission, which is 600 ms after the first time.
    await answer
    expect(performance.now() - startedMs).toBeGreaterThan(590)
    await one.node.hangUp(two.node.peerId)
    cut()
    await expect(one.node.dial(address!, { signal: AbortSignal.timeout(300) })).rejects.toThrow()
    expect(two.node.getConnections()).toEqual([])
  })

  it('take as long as a degraded link does', async () => {
    const [one, two] = [await start('one', 'a'), await start('two', 'b')]
    const [address] = two.node.getMultiaddrs()
    ;[one, two].forEach(({ links }) => { links.degrade([['one'], ['two']], 'both', { latencyFactor: 5 }) })
    await one.node.dial(address!)
    expect(await one.node.services.ping.ping(two.node.peerId)).toBeGreaterThan(98)
    ;[one, two].forEach(({ links }) => { links.restore() })
    expect(await one.node.services.ping.ping(two.node.peerId)).toBeLessThan(90)
  })
})
