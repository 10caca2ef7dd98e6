import { createHash } from 'node:crypto'
import { openCorpus } from './corpus/index.ts'
import { isPreset } from './corpus/presets.ts'
import { contributedMsAttribute } from './arrivals.ts'
import type { InstanceContext } from './context.ts'
import type { Corpus, CorpusItem } from './corpus/index.ts'
import type { CorpusParams } from './params.ts'
import type { Peer } from '../peersdb/index.ts'

/** What a contributor says it posted; the judgement compares every peer with all of these. */
export interface Posted {
  hash: string
  cid: string
  sha256: string
  bytes: number
  /** The index of the contributing instance. */
  from: number
  /** When it called contribute, on the run's clock. */
  atMs: number
  /** What is wrong with the file, on purpose. */
  flaw?: string
}

/** Records of one message; each has about 200 bytes of JSON and a message may have 32,000. */
const recordsPerMessage = 100

export async function openCorpusOf ({ corpus, contributions: count, seed }: CorpusParams): Promise<Corpus> {
  return openCorpus({ ...isPreset(corpus) ? { preset: corpus } : { directory: corpus }, count, seed })
}

/** The items of the corpus that the contributor of this rank posts. */
export function shareOf<T> (items: readonly T[], rank: number, contributors: number): T[] {
  return items.filter((_, i) => i % contributors === rank)
}

/** Posts the items one after another, with exponentially distributed pauses between them. */
export async function post (context: InstanceContext, peer: Pick<Peer, 'contribute'>, items: readonly CorpusItem[], intervalMs: number): Promise<Posted[]> {
  const random = context.random('workload')
  const posted: Posted[] = []

  for (const item of items) {
    await context.clock.sleep(-intervalMs * Math.log(1 - random.uniform()))
    const content = await item.bytes()
    const atMs = context.clock.nowMs()
    const { hash, cid } = await peer.contribute(content, {
      name: item.name,
      attributes: { ...item.attributes, [contributedMsAttribute]: atMs.toFixed(3) },
      signal: context.signal
    })
    const sha256 = createHash('sha256').update(content).digest('hex')
    const told = item.flaw == null ? {} : { flaw: item.flaw }
    posted.push({ hash, cid, sha256, bytes: content.byteLength, from: context.index, atMs, ...told })
  }

  return posted
}

/** Tells all instances what this one posted. */
export async function publishPosted (context: InstanceContext, posted: readonly Posted[]): Promise<void> {
  for (let start = 0; start < posted.length; start += recordsPerMessage) {
    await context.sync.publish('posted', posted.slice(start, start + recordsPerMessage))
  }
}

/** What all contributors posted, once each has told. */
export async function collectPosted (context: InstanceContext, items: number, contributors: number, timeoutMs: number): Promise<Posted[]> {
  const messages = Array.from({ length: contributors }, (_, rank) => Math.ceil(countOfRank(items, rank, contributors) / recordsPerMessage))
    .reduce((sum, count) => sum + count, 0)
  return (await context.sync.collect<Posted[]>('posted', messages, timeoutMs)).flat()
}

function countOfRank (items: number, rank: number, contributors: number): number {
  return Math.floor(items / contributors) + (rank < items % contributors ? 1 : 0)
}
