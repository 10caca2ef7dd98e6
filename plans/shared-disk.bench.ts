import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openPeer } from '../peersdb/index.ts'
import { openCorpus } from './corpus/index.ts'
import type { BenchRow } from '../scripts/bench.ts'

const peers = 8
const contributions = 2_000
/** What `stat` counts in. */
const diskBlockBytes = 512

interface Measured { diskBytes: number, postMs: number }

/** What several peers with the same contributions take on disk together, with one pool of blocks and each for itself. */
export async function bench (): Promise<BenchRow[]> {
  const files = await Promise.all((await openCorpus({ preset: 'paper', count: contributions, seed: 1 })).items
    .map(async (item) => ({ name: item.name, content: await item.bytes() })))
  const bytes = files.reduce((sum, { content }) => sum + content.byteLength, 0)
  const alone = await measure(files, false)
  const shared = await measure(files, true)
  const perPeer = `${(bytes / 1e6).toFixed(0)} MB of files`
  return [
    {
      name: `disk that ${peers} peers take with ${perPeer} each`,
      value: shared.diskBytes / 1e6,
      unit: 'MB',
      samples: 1,
      limit: alone.diskBytes / 2e6,
      alternative: { name: 'without a pool', value: alone.diskBytes / 1e6 }
    },
    {
      name: 'time to contribute one of them',
      value: shared.postMs,
      unit: 'ms',
      samples: peers * contributions,
      alternative: { name: 'without a pool', value: alone.postMs }
    }
  ]
}

async function measure (files: ReadonlyArray<{ name: string, content: Uint8Array }>, isShared: boolean): Promise<Measured> {
  const directory = await mkdtemp(join(tmpdir(), 'peerslab-bench-'))
  const blockPool = isShared ? join(directory, 'pool') : undefined

  try {
    const startMs = performance.now()

    for (let number = 0; number < peers; number++) {
      const peer = await openPeer({ directory: join(directory, String(number)), blockPool })

      for (const { name, content } of files) {
        await peer.contribute(content, { name })
      }

      await peer.close()
    }

    return { postMs: (performance.now() - startMs) / (peers * files.length), diskBytes: await diskBytesOf(directory) }
  } finally {
    await rm(directory, { recursive: true })
  }
}

/** What files and directories take, each once however many names it has. */
async function diskBytesOf (directory: string): Promise<number> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  const all = await Promise.all(entries.map(({ parentPath, name }) => stat(join(parentPath, name))))
  return new Map(all.map(({ ino, blocks }) => [ino, blocks * diskBlockBytes])).values().reduce((sum, bytes) => sum + bytes, 0)
}
