import { isPart, keepsLeaf } from './seeding.ts'
import type { Peer } from '../../peersdb/index.ts'
import type { Stage } from './stage.ts'

export interface Settled {
  readonly cid: string
  /** Whether this peer is to hold all of the file. */
  readonly isWhole: boolean
}

/** Seeds add the file, one after another, each as much of it as it is to hold, and tell its CID. */
export async function settle (stage: Stage, peer: Peer, sizeIndex: number, content: Uint8Array): Promise<Settled> {
  const { context, params, part, seeds } = stage
  const timeoutMs = params.run_timeout_secs * 1000
  const [generated, topic] = [`seed-generated-${sizeIndex}`, `root-cid-${sizeIndex}`]

  if (part.nodeType !== 'Seed') {
    const [root = ''] = part.nodeType === 'Leech' ? await context.sync.collect<string>(topic, 1, timeoutMs) : []
    return { cid: root, isWhole: true }
  }

  const before = seeds.indexOf(context.index)

  if (before > 0) {
    await context.sync.barrier(generated, before, timeoutMs)
  }

  const added = params.sabotage === 'wrong-data' ? content.map((byte) => byte ^ 1) : content
  const name = `${content.byteLength}.bin`
  const settled = isPart(params.seed_fraction)
    ? await addPart(stage, peer, { name, content: added, seedIndex: before })
    : { cid: (await peer.contribute(added, { name, signal: context.signal })).cid, isWhole: true }
  await context.sync.signal(generated)
  await context.sync.publish(topic, settled.cid)
  return settled
}

async function addPart (
  { context, params, part }: Stage, peer: Peer, { name, content, seedIndex }: { name: string, content: Uint8Array, seedIndex: number }
): Promise<Settled> {
  const { seed_fraction: fraction, sabotage } = params
  const counts = { asked: 0, held: 0, total: 0 }
  const { cid } = await peer.contribute(content, {
    name,
    signal: context.signal,
    keepLeaf: (place) => {
      const isAsked = keepsLeaf(fraction, seedIndex, place)
      const isHeld = sabotage === 'keep-all' || (isAsked && sabotage !== 'keep-nothing')
      counts.asked += isAsked ? 1 : 0
      counts.held += isHeld ? 1 : 0
      counts.total++
      return isHeld
    }
  })
  const tags = { seq: part.seq, fileSize: content.byteLength, nodeTypeIndex: part.nodeTypeIndex }
  context.record.metric('seed_leaves_held', counts.held, tags, { total: counts.total })
  return { cid, isWhole: counts.asked === counts.total }
}
