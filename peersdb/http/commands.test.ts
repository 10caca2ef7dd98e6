import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { startBenchmark } from '../benchmark.ts'
import { ask, makeHttpBench } from './http-bench.test-helper.ts'
import type { Answer } from './http-bench.test-helper.ts'

const bench = makeHttpBench()
const { serve, open } = bench

const command = (url: string, body: unknown): Promise<Answer> =>
  ask(`${url}/peersdb/command`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
const post = (content: string) => ({ method: { argcnt: 1, cmd: 'post' }, args: [], file: Buffer.from(content).toString('base64') })

describe('the commands of the prototype', () => {
  it('answer as its clients expect', async () => {
    const other = await open()
    const url = await serve({ benchmark: await startBenchmark({ peer: bench.peer, region: 'europe-west3-b' }) })

    expect(await command(url, { method: { argcnt: 1, cmd: 'connect' }, args: [other.addresses()[0]] })).toMatchObject({ status: 200, json: 'Peer id processed' })
    expect(bench.peer.status().connectedPeers).toBe(1)
    expect(await command(url, post('content'))).toMatchObject({ status: 200, json: 'File uploaded' })
    const { json: [listed] } = await command(url, { method: { argcnt: 0, cmd: 'query' }, args: [] })
    const [made] = bench.peer.page().contributions
    expect(listed).toEqual({ path: `/ipfs/${made!.cid}`, contributor: bench.peer.id, creationTS: made!.createdAt })
    const got = await command(url, { method: { argcnt: 1, cmd: 'get' }, args: [listed.path] })
    expect(got.json).toBe(`stored ${listed.path} successfully under ${join(bench.downloads, made!.cid)}`)
    expect(await readFile(join(bench.downloads, made!.cid), 'utf8')).toBe('content')
    expect((await command(url, { method: { argcnt: 0, cmd: 'benchmark' } })).json).toMatchObject({ region: 'europe-west3-b', bootstrap: null, peerID: bench.peer.id })
  })

  it.each([
    ['a command there is none of', { method: { cmd: 'drop', argcnt: 0 } }, 400, /body method\.cmd/],
    ['a wrong argcnt', { method: { cmd: 'get', argcnt: 0 }, args: ['x'] }, 400, /the command get takes 1 argument, here argcnt is 0 and args has 1/],
    ['too few arguments', { method: { cmd: 'get', argcnt: 1 }, args: [] }, 400, /args has 0/],
    ['no file', { method: { cmd: 'post', argcnt: 1 }, args: ['./main.go'] }, 400, /"file" of the command post is missing/],
    ['bad base64', { method: { cmd: 'post', argcnt: 1 }, args: [], file: 'a?b=' }, 400, /is no base64/],
    ['a path that climbs', { method: { cmd: 'get', argcnt: 1 }, args: ['../../etc/passwd'] }, 400, /is not a CID/],
    ['a file that is not there', { method: { cmd: 'get', argcnt: 1 }, args: ['/ipfs/bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku'] }, 404, /is not held here/],
    ['a peer that is not there', { method: { cmd: 'connect', argcnt: 1 }, args: ['/ip4/127.0.0.1/tcp/1'] }, 502, /no connection to "\/ip4\/127\.0\.0\.1\/tcp\/1" came about/],
    ['a benchmark without measuring', { method: { cmd: 'benchmark', argcnt: 0 } }, 404, /start it with --benchmark/],
    ['something else', [1], 400, /body/]
  ])('tell what is wrong with %s', async (_, body, status, sentence) => {
    const answer = await command(await serve(), body)
    expect(answer).toMatchObject({ status, json: { error: expect.stringMatching(sentence) } })
    expect(await readdir(bench.downloads)).toEqual([])
  })

  it('do not mix up the answers of clients that ask at once', async () => {
    const url = await serve()
    const contributions = await Promise.all(Array.from({ length: 20 }, (_, index) => bench.peer.contribute(Buffer.from(`file ${index}`), { name: `${index}` })))

    const answers = await Promise.all(contributions.flatMap(({ cid }) => [
      command(url, { method: { cmd: 'get', argcnt: 1 }, args: [cid] }), command(url, { method: { cmd: 'query', argcnt: 0 } })
    ]))

    contributions.forEach(({ cid }, index) => {
      expect(answers[2 * index]?.json).toBe(`stored ${cid} successfully under ${join(bench.downloads, cid)}`)
      expect(answers[2 * index + 1]?.json).toHaveLength(20)
    })
    expect((await readdir(bench.downloads)).sort()).toEqual(contributions.map(({ cid }) => cid).sort())
  })

  it('take files up to the limit', async () => {
    const url = await serve({ commandBytesMax: 2000 })
    expect(await command(url, post('x'.repeat(3000)))).toMatchObject({ status: 413, json: { error: expect.stringContaining('too large') } })
    expect(await command(url, post('x'.repeat(1000)))).toMatchObject({ status: 200 })
  })

  it('take other methods for what they are', async () => {
    const url = await serve()
    expect(await ask(`${url}/peersdb/command`)).toMatchObject({ status: 405, json: { error: 'GET /peersdb/command: this path takes POST' } })
    expect(await ask(`${url}/peersdb/benchmarks`)).toMatchObject({ status: 404, json: { error: expect.stringContaining('--benchmark') } })
    expect(await ask(`${url}/nothing`)).toMatchObject({ status: 404, json: { error: expect.stringContaining('there is no such path') } })
  })
})
