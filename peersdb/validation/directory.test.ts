import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as dagPb from '@ipld/dag-pb'
import { CID } from 'multiformats/cid'
import { afterEach, expect, it } from 'vitest'
import { openHostilePeer } from '../adversary/hostile-peer.ts'
import { multihashOf, sha256 } from '../log/hash.ts'
import { closeAll, closing, connect, entries, open, temporaryDirectory } from '../peers.test-helper.ts'
import type { CID as AnyCid } from 'multiformats/cid'

afterEach(closeAll)

const report = JSON.stringify({
  completed: true, datasize: 'small', elapsed_time: '119.742', framework: 'spark', input_size: '3200000000', workload: 'sort',
  timestamp: '2017-09-24 14:05:47'
})

/** A directory of so many runs, in which each run has a directory of its own. */
async function writeRuns (reports: readonly string[]): Promise<string> {
  const root = await temporaryDirectory()
  await Promise.all(reports.map(async (content, index) => {
    await mkdir(join(root, `${index}`))
    await writeFile(join(root, `${index}`, 'report.json'), content)
  }))
  return root
}

it('a directory that another peer contributed is judged by all files in it', async () => {
  const [origin, judge] = [await open(), await open()]
  const second = report.replace('119.742', '95.5').replace('14:05', '16:05')
  const good = await origin.contribute({ path: await writeRuns([report, second]) }, { name: 'good' })
  const bad = await origin.contribute({ path: await writeRuns([report, second, '{']) }, { name: 'bad' })
  await connect(judge, origin)
  await entries(judge, 2)

  expect(await judge.validate(good.cid)).toMatchObject({ verdict: 'valid', reasons: [] })
  expect(await judge.validate(bad.cid)).toMatchObject({ verdict: 'invalid', reasons: ['schema: report.json is not JSON'] })
})

it('a directory in which a few blocks stand for endless directories is given up', async () => {
  const [victim, hostile] = [await open(), closing(await openHostilePeer())]
  const blocks = new Map<string, Uint8Array>()
  const directoryOf = (links: AnyCid[]): AnyCid => {
    // The data says "a directory": field 1 of UnixFS, https://specs.ipfs.tech/unixfs/#data-structures
    const Links = links.map((Hash, index) => ({ Name: `${index}`, Tsize: 10, Hash }))
    const bytes = dagPb.encode(dagPb.prepare({ Data: Uint8Array.of(8, 1), Links }))
    const cid = CID.decode(Buffer.concat([Uint8Array.of(1, dagPb.code), multihashOf(sha256(bytes))]))
    blocks.set(cid.toString(), bytes)
    return cid
  }
  let root = directoryOf([])

  for (let depth = 0; depth < 30; depth++) {
    root = directoryOf([root, root])
  }

  const entry = await hostile.entry(victim, { cid: root.toString(), name: 'bomb', mediaType: 'inode/directory' })
  await hostile.serveSync(victim, {}, async (wire) => {
    wire.say({ type: 'push', entry: entry.bytes, identity: hostile.identity.bytes, blocks: [] })

    while (true) {
      const { id, blocks: keys } = await wire.until('want')
      keys.forEach((key) => { wire.say({ type: 'item', id, kind: 'block', key, bytes: blocks.get(CID.decode(key).toString())! }) })
      wire.say({ type: 'end', id, sent: keys.length, missing: [], deferred: 0 })
    }
  })
  await hostile.connect(victim)
  await entries(victim, 1)

  expect(await victim.validate(root.toString())).toMatchObject({
    verdict: 'undecided', reasons: [expect.stringContaining('has more than 1024 files and directories in it')]
  })
})
