import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { openPeer } from '../index.ts'

/** One side of a transfer: prints what the other needs to know, and at the end of its input how much memory the transfer took at most. */
const [, , role, directory, ...rest] = process.argv
const peer = await openPeer({ directory })
const idleBytes = process.memoryUsage.rss()
const hash = createHash('sha256')
const say = (line: string | number): void => { process.stdout.write(`${line}\n`) }

async function * stream (sizeBytes: number): AsyncGenerator<Uint8Array> {
  const chunkBytes = 256 * 1024

  for (let at = 0; at < sizeBytes; at += chunkBytes) {
    const chunk = randomBytes(chunkBytes)
    hash.update(chunk)
    yield chunk
  }
}

if (role === 'hold') {
  const { cid } = await peer.contribute(stream(Number(rest[0])), { name: 'large' })
  say(peer.addresses()[0] ?? '')
  say(cid)
} else {
  const [address = '', cid = ''] = rest
  await peer.connect(address)
  await peer.pin(cid)

  for await (const chunk of peer.get(cid, { offline: true })) {
    hash.update(chunk)
  }
}

say(hash.digest('hex'))
process.stdin.resume()
await once(process.stdin, 'end')
say(process.resourceUsage().maxRSS * 1024 - idleBytes)
await peer.close()
