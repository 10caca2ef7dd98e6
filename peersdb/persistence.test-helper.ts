import { createHash, randomBytes } from 'node:crypto'
import { openPeer } from './index.ts'

/** A peer that contributes until it is killed, or that takes in what another has; prints the CID of each file that is safe. */
const [, , role, directory, address = ''] = process.argv
const peer = await openPeer({ directory, pin: 'everything' })
const say = (cid: string): void => { process.stdout.write(`${cid}\n`) }

if (role === 'receive') {
  peer.events.addEventListener('file', ({ detail }) => { say(detail.cid) })
  await peer.connect(address)
} else {
  for (let count = 0; ; count++) {
    const content = randomBytes([200, 3_000, 70_000, 1_200_000][count % 4] ?? 0)
    const { cid } = await peer.contribute(content, { name: createHash('sha256').update(content).digest('hex') })
    say(cid)
  }
}
