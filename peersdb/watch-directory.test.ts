import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openPeer } from './index.ts'
import { createDaemonClient } from './http/client.ts'
import { createHttpServer } from './http/server.ts'
import { daemonDestination, peerDestination } from './records/destination.ts'
import { watchDirectory } from './watch-directory.ts'
import type { Peer } from './api.ts'
import type { Destination } from './records/destination.ts'

const report = '{"completed": true}'
const series = 'timestamp,cpu.%usr\n2017-09-24 14:05:47,1.00\n'
const header = 'instance_count\tmachine_type\tslots\tmemory\tdata_size_MB\tlines\tgross_runtime\n'
const name = 'r4.xlarge_i-0f4e4b248a6aa957a_terasort_spark_small_1'
let directory: string
let peer: Peer
const stops: Array<() => Promise<void>> = []

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'peersdb-watch-'))
  peer = await openPeer()
})
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()))
  await peer.close()
  await rm(directory, { recursive: true })
})

async function put (files: Record<string, string>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(directory, path, '..'), { recursive: true })
    await writeFile(join(directory, path), content)
  }
}

/** Watches, and collects what happens; `until` waits for the next thing of a kind. */
function start (destination: Destination = peerDestination(peer)) {
  const happened: string[] = []
  let wake = (): void => {}
  const tell = (text: string): void => { happened.push(text); wake() }
  const stopping = new AbortController()
  const ended = watchDirectory({
    directory,
    destination,
    settleMs: 20,
    rescanMs: 200,
    onContributed: (record) => { tell(`contributed ${record.name}`) },
    onKnown: (record) => { tell(`known ${record.name}`) },
    onFailure: ({ message }) => { tell(`failure ${message}`) }
  }, { signal: stopping.signal })
  const stop = async (): Promise<void> => { stopping.abort(); await ended }
  stops.push(stop)
  return {
    happened,
    stop,
    ended,
    until: async (pattern: RegExp, count = 1): Promise<void> => {
      while (happened.filter((text) => pattern.test(text)).length < count) await new Promise<void>((resolve) => { wake = resolve })
    }
  }
}

describe('a watched directory', () => {
  it('has what is there contributed, and what appears, once each', async () => {
    await put({ [`${name}/report.json`]: report, [`${name}/sar.csv`]: series })
    const watching = start()
    await watching.until(/contributed/)
    await put({ 'sort.tsv': `${header}2\tm4.xlarge\t1\t1\t1\t1e7\t340\n4\tm4.xlarge\t1\t1\t1\t1e7\t99\n` })
    await watching.until(/contributed/, 3)

    expect(watching.happened).toEqual([`contributed ${name}.zip`, 'contributed sort/2-m4.xlarge-1-1-1-1e7.tsv', 'contributed sort/4-m4.xlarge-1-1-1-1e7.tsv'])
    expect(peer.page({ name: `${name}.zip` }).contributions).toMatchObject([{ attributes: { workload: 'terasort', machine_type: 'r4.xlarge' } }])
  })

  it('has a record contributed when it is finished, and not before', async () => {
    const watching = start()
    await put({ [`${name}/sar.csv`]: series.slice(0, -5) })
    await watching.until(/has no report\.json yet/)
    await put({ [`${name}/report.json`]: '{"completed"' })
    await watching.until(/is no whole JSON yet/)
    await put({ [`${name}/report.json`]: '{"completed": false}' })
    await watching.until(/does not say that the job completed/)
    await put({ [`${name}/report.json`]: report })
    await watching.until(/does not end with a whole row/)
    expect(peer.count()).toBe(0)
    await put({ [`${name}/sar.csv`]: series })
    await watching.until(/^contributed/)
    expect(peer.count()).toBe(1)
  })

  it('has a finished directory contributed that was moved into place', async () => {
    await put({ [`.draft/report.json`]: report, '.draft/sar.csv': series })
    const watching = start()
    await rename(join(directory, '.draft'), join(directory, name))
    await watching.until(/^contributed/)
    expect(watching.happened).toEqual([`contributed ${name}.zip`])
  })

  it('has nothing contributed twice after a restart, but what changed', async () => {
    await put({ [`${name}/report.json`]: report, [`${name}/sar.csv`]: series, 'sort.tsv': `${header}2\tm4.xlarge\t1\t1\t1\t1e7\t340\n` })
    const first = start()
    await first.until(/contributed/, 2)
    await first.stop()
    await put({ 'sort.tsv': `${header}2\tm4.xlarge\t1\t1\t1\t1e7\t341\n` })

    const second = start()
    await second.until(/known/)
    await second.until(/contributed/)

    expect(second.happened.sort()).toEqual(['contributed sort/2-m4.xlarge-1-1-1-1e7.tsv', `known ${name}.zip`])
    expect(peer.count()).toBe(3)
  })

  it('has a record tried again that could not be contributed', async () => {
    const contribute = peer.contribute.bind(peer)
    let attempts = 0
    peer.contribute = async (...args) => {
      if (++attempts < 3) throw new Error('the disk is full')
      return contribute(...args)
    }
    await put({ [`${name}/report.json`]: report, [`${name}/sar.csv`]: series })
    const watching = start()
    await watching.until(/^contributed/)
    expect(watching.happened).toEqual(['failure the disk is full', `contributed ${name}.zip`])
  })

  it('is contributed through a daemon just so', async () => {
    const server = createHttpServer(peer, { port: 0, token: 'a-token-of-some-length', downloadDirectory: directory })
    const client = createDaemonClient({ url: await server.listen(), token: 'a-token-of-some-length' })
    stops.push(server.close)
    await put({ [`${name}/report.json`]: report, [`${name}/sar.csv`]: series })
    const first = start(daemonDestination(client))
    await first.until(/contributed/)
    await first.stop()
    const second = start(daemonDestination(client))
    await second.until(/known/)
    expect(peer.page().contributions).toMatchObject([{ name: `${name}.zip`, attributes: { framework: 'spark' } }])
  })

  it('has to be there', async () => {
    await rm(directory, { recursive: true })
    const { ended } = start()
    stops.length = 0
    await expect(ended).rejects.toThrow(/cannot be read: ENOENT.*; name one that is there/)
    await mkdir(directory)
  })
})

describe('a client of a daemon', () => {
  it('says who did not answer, and what was refused', async () => {
    const server = createHttpServer(peer, { port: 0, token: 'a-token-of-some-length', downloadDirectory: directory })
    const url = await server.listen()
    await expect(createDaemonClient({ url }).ask('/v1/status')).rejects.toThrow(`the peer at ${url} refused: the request lacks the token of this peer`)
    await server.close()
    await expect(createDaemonClient({ url }).ask('/v1/status')).rejects.toThrow(/^no peer answers at .* \(.*ECONNREFUSED.*\); start one with "peerslab peer --http"/)
    expect(() => createDaemonClient({ url: 'localhost:8080' })).toThrow('"localhost:8080" is no URL of a daemon; write --url http://127.0.0.1:8080')
  })
})
