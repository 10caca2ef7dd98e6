import { randomBytes } from 'node:crypto'
import { openPeer } from './index.ts'

/** Publishes a file, and kills its own process at the moment at which the entry is in the log. */
const peer = await openPeer({ directory: process.argv[2] })
const { cid } = await peer.contribute(randomBytes(3_000_000), { name: 'mine', private: true })
process.stdout.write(cid, () => {
  peer.events.addEventListener('contribution', () => { process.kill(process.pid, 'SIGKILL') })
  peer.publish(cid).catch((err: unknown) => { process.stderr.write(String(err)) })
})
