import * as z from 'zod'
import { withinTime } from './context.ts'
import { toPrometheus } from './prometheus.ts'
import { healthPath } from './guard.ts'
import { failure } from './schemas.ts'
import type { Peer } from '../api.ts'
import type { App, HttpContext } from './context.ts'

const connectedPeer = z.object({ id: z.string(), addresses: z.array(z.string()) })
const status = z.object({
  id: z.string(),
  addresses: z.array(z.string()),
  logAddress: z.string(),
  entries: z.number(),
  foreignEntries: z.number(),
  filesHeld: z.number(),
  privateContributions: z.number(),
  connectedPeers: z.number(),
  neighbours: z.number()
})

/** The peer itself: its state, its neighbours, its counters. */
export function addPeerRoutes (app: App, context: HttpContext): void {
  const { peer } = context

  app.get('/v1/status', { schema: { summary: 'What this peer is and holds', response: { 200: status } } }, async () =>
    ({ ...peer.status(), addresses: peer.addresses() }))

  app.get('/v1/peers', { schema: { summary: 'The peers connected now', response: { 200: z.object({ peers: z.array(connectedPeer) }) } } }, async () =>
    ({ peers: connectedPeers(peer) }))

  app.post('/v1/peers', {
    schema: {
      summary: 'Connects to a peer and keeps it connected',
      body: z.strictObject({ address: z.string().min(1).max(1024).describe('a multiaddr, a host, or host:port') }),
      response: { 200: z.object({ peers: z.array(connectedPeer) }), 502: failure }
    }
  }, async ({ body: { address } }, reply) => {
    await peer.connect(address, { signal: withinTime(context, reply) })
    return { peers: connectedPeers(peer) }
  })

  app.get('/v1/verdicts', {
    schema: { summary: 'The verdicts that this peer has come to', response: { 200: z.object({ verdicts: z.array(z.unknown()) }) } }
  }, async () => ({ verdicts: peer.verdicts() }))

  app.get(healthPath, {
    schema: { summary: 'Whether this peer answers and can read its store, for whoever asks', response: { 200: z.object({ healthy: z.literal(true) }) } }
  }, async () => {
    peer.status()
    return { healthy: true as const }
  })

  app.get('/metrics', { schema: { summary: 'The counters, as Prometheus reads them', produces: ['text/plain'] } }, async (_request, reply) =>
    reply.type('text/plain; version=0.0.4; charset=utf-8').send(toPrometheus(peer.counters())))
}

/** Several connections to one peer count once. */
function connectedPeers ({ libp2p }: Peer): Array<z.infer<typeof connectedPeer>> {
  const addresses = new Map<string, string[]>()

  for (const { remotePeer, remoteAddr } of libp2p.getConnections()) {
    const id = remotePeer.toString()
    addresses.set(id, [...addresses.get(id) ?? [], remoteAddr.toString()])
  }

  return [...addresses].map(([id, all]) => ({ id, addresses: all }))
}
