import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createCommands } from './commands.ts'
import { openPeer } from './index.ts'
import { startShell } from './shell.ts'
import type { Peer } from './api.ts'

let peer: Peer
let downloads: string

beforeEach(async () => {
  downloads = await mkdtemp(join(tmpdir(), 'peersdb-shell-'))
  peer = await openPeer()
})
afterEach(async () => {
  await peer.close()
  await rm(downloads, { recursive: true })
})

/** What the shell answers to these lines. */
async function shell (...lines: string[]): Promise<string> {
  const input = new PassThrough()
  const output = new PassThrough()
  const { ended } = startShell(peer, { input, output, commands: createCommands({ peer, downloadDirectory: downloads }) })
  input.end(`${lines.join('\n')}\n`)
  await ended
  output.end()
  return Buffer.concat(await Array.fromAsync(output as AsyncIterable<Buffer>)).toString()
}

describe('the shell', () => {
  it('lists and gets', async () => {
    const made = await peer.contribute(Buffer.from('content'), { name: 'a' })
    expect(await shell('query', `get /ipfs/${made.cid}`, 'quit', 'query')).toBe(
      `${made.createdAt} /ipfs/${made.cid} ${peer.id}\nstored /ipfs/${made.cid} successfully under ${join(downloads, made.cid)}\n`)
    expect(await readFile(join(downloads, made.cid), 'utf8')).toBe('content')
  })

  it('connects, and tells the state', async () => {
    const other = await openPeer()
    const answer = await shell(`connect ${other.addresses()[0]}`, 'status')
    expect(answer.split('\n')[0]).toBe('Peer id processed')
    expect(JSON.parse(answer.slice(answer.indexOf('{')))).toMatchObject({ id: peer.id, connectedPeers: 1 })
    await other.close()
  })

  it('posts the file or directory of a path, quoted or not', async () => {
    const contents: unknown[] = []
    peer.contribute = async (content) => { contents.push(content); return undefined as never }
    expect(await shell('post plain.txt', 'post "with spaces.txt"')).toBe('File uploaded\nFile uploaded\n')
    expect(contents).toEqual([{ path: 'plain.txt' }, { path: 'with spaces.txt' }])
  })

  it('answers mistakes with sentences, and goes on', async () => {
    expect(await shell('drop', 'get', 'get nonsense', 'connect /ip4/127.0.0.1/tcp/1', 'benchmark', '', 'constructor')).toMatch(new RegExp([
      '"drop" is no command; "help" lists them', 'the command get takes 1 argument\\(s\\), not 0; .*', '"nonsense" is not a CID; .*',
      'no connection to "/ip4/127.0.0.1/tcp/1" came about .*', 'this peer does not measure itself; start it with --benchmark',
      '"constructor" is no command; .*\n$'
    ].join('\n')))
  })

  it('ends an operation with itself', async () => {
    const asked = Promise.withResolvers<void>()
    peer.connect = (_, options) => new Promise((_resolve, reject) => {
      asked.resolve()
      options?.signal?.addEventListener('abort', () => { reject(options.signal?.reason as Error) })
    })
    const input = new PassThrough()
    const running = startShell(peer, { input, output: new PassThrough(), commands: createCommands({ peer, downloadDirectory: downloads }) })
    input.write('connect anywhere\n')
    await asked.promise
    running.close()
    await running.ended
  })
})
