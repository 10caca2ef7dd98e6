import { once } from 'node:events'
import { request } from 'node:http'
import { connect as connectSocket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { startBenchmark } from '../benchmark.ts'
import { ask, makeHttpBench } from './http-bench.test-helper.ts'
import { createHttpServer } from './server.ts'
import type { CounterRow } from '../api.ts'
import type { Answer } from './http-bench.test-helper.ts'

const bench = makeHttpBench()
const { serve, open } = bench

describe('the guard', () => {
  const raw = async (url: string, headers: Record<string, string>, method = 'GET'): Promise<{ status: number, headers: Record<string, unknown> }> => {
    const sent = request(`${url}/v1/status`, { headers, method }).end()
    const [response] = await once(sent, 'response')
    response.resume()
    return { status: response.statusCode, headers: response.headers }
  }

  it('opens no interface to others without a token', () => {
    expect(() => createHttpServer(bench.peer, { host: '0.0.0.0', downloadDirectory: bench.downloads })).toThrow(/would be open to everyone who reaches it; give --http-token-file/)
    expect(() => createHttpServer(bench.peer, { host: '0.0.0.0', token: 'short', downloadDirectory: bench.downloads })).toThrow(/at least 16/)
  })

  it('refuses names that were rebound to this machine', async () => {
    const url = await serve()
    expect(await raw(url, { host: 'evil.example' })).toMatchObject({ status: 403 })
    expect(await raw(url, { host: 'localhost:8080' })).toMatchObject({ status: 200 })
    expect(await raw(url, { host: '[::1]:8080' })).toMatchObject({ status: 200 })
    expect(await raw(url, { host: '127.0.0.1.evil.example' })).toMatchObject({ status: 403 })
  })

  it('refuses web pages, but for those that are allowed', async () => {
    const url = await serve()
    expect(await raw(url, { origin: 'https://evil.example' }, 'POST')).toMatchObject({ status: 403 })
    expect(await raw(url, { origin: 'null' })).toMatchObject({ status: 403 })
    expect((await raw(url, {})).headers).not.toHaveProperty('access-control-allow-origin')

    const open = await serve({ origins: ['https://lab.example'] })
    expect(await raw(open, { origin: 'https://lab.example' })).toMatchObject({ status: 200, headers: { 'access-control-allow-origin': 'https://lab.example' } })
    expect(await raw(open, { origin: 'https://lab.example' }, 'OPTIONS')).toMatchObject({ status: 204 })
    expect(await raw(open, { origin: 'https://evil.example' })).toMatchObject({ status: 403 })
  })

  it('lets nobody in without the token', async () => {
    const url = await serve({ token: 'a-token-of-some-length' })
    expect(await raw(url, {})).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer' } })
    expect(await raw(url, { authorization: 'Bearer a-token-of-some-lengtH' })).toMatchObject({ status: 401 })
    expect(await raw(url, { authorization: 'Bearer a-token-of-some-length', host: 'any.example' })).toMatchObject({ status: 200 })
  })

  it('tells everybody but web pages that the peer is alive, and nothing more', async () => {
    const url = await serve({ token: 'a-token-of-some-length' })
    expect(await ask(`${url}/health`)).toMatchObject({ status: 200, json: { healthy: true } })
    expect((await ask(`${url}/health?x`)).status).toBe(401)
    expect((await ask(`${url}/health`, { method: 'POST' })).status).toBe(401)
    expect((await ask(`${url}/health`, { headers: { origin: 'https://evil.example' } })).status).toBe(403)
    bench.peer.status = () => { throw new TypeError('broken') }
    expect((await ask(`${url}/health`)).status).toBe(500)
  })

  it('answers what is no HTTP', async () => {
    const socket = connectSocket(Number(new URL(await serve()).port), '127.0.0.1')
    socket.end('nonsense\r\n\r\n')
    const answer = Buffer.concat(await Array.fromAsync(socket as AsyncIterable<Buffer>)).toString()
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
    expect(JSON.parse(answer.split('\r\n\r\n')[1]!)).toEqual({ error: 'the request is no HTTP/1.1; send it with an HTTP client' })
  })

  it('says which port is taken', async () => {
    const { port } = new URL(await serve())
    await expect(serve({ port: Number(port) })).rejects.toThrow(`cannot listen on 127.0.0.1:${port}: another program uses it; choose another with --http-port`)
  })
})

describe('the peer itself', () => {
  it('shows its counters as Prometheus reads them', async () => {
    const received = { name: 'bytes_received', help: 'Bytes that "arrived".', type: 'counter' } as const
    bench.peer.counters = () => [
      { ...received, labels: { protocol: 'a"b\\c\n' }, value: 12 }, { ...received, labels: { protocol: 'sync' }, value: 3 },
      { name: 'connected_peers', help: 'Peers connected now.', type: 'gauge', labels: {}, value: 0 }
    ] satisfies CounterRow[] as CounterRow[]
    const { json, headers } = await ask(`${await serve()}/metrics`)
    expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(json).toBe('# HELP peersdb_bytes_received_total Bytes that "arrived".\n# TYPE peersdb_bytes_received_total counter\n' +
      'peersdb_bytes_received_total{protocol="a\\"b\\\\c\\n"} 12\npeersdb_bytes_received_total{protocol="sync"} 3\n' +
      '# HELP peersdb_connected_peers Peers connected now.\n# TYPE peersdb_connected_peers gauge\npeersdb_connected_peers 0\n')
  })

  it('connects', async () => {
    const other = await open()
    const url = await serve()
    const connect = (address: unknown): Promise<Answer> => ask(`${url}/v1/peers`, { method: 'POST', body: JSON.stringify({ address }) })

    expect(await connect(other.addresses()[0])).toMatchObject({ status: 200, json: { peers: [{ id: other.id }] } })
    expect((await ask(`${url}/v1/peers`)).json.peers).toHaveLength(1)
    expect(await connect('/ip4/127.0.0.1/tcp/1')).toMatchObject({ status: 502 })
    expect(await connect(7)).toMatchObject({ status: 400, json: { error: expect.stringContaining('body address') } })
    expect(await ask(`${url}/v1/peers`, { method: 'POST', body: '{' })).toMatchObject({ status: 400, json: { error: expect.stringContaining('is no JSON') } })
  })

  it('tells of failures of its own, once they are', async () => {
    const errors: Error[] = []
    const url = await serve({ onError: (err) => { errors.push(err) } })
    bench.peer.status = () => { throw new TypeError('broken') }
    expect(await ask(`${url}/v1/status`)).toMatchObject({ status: 500, json: { error: 'the peer could not answer: broken' } })
    expect(errors).toMatchObject([{ message: 'broken' }])
  })

  it('answers every path that it documents', async () => {
    const url = await serve({ benchmark: await startBenchmark({ peer: bench.peer, region: '' }) })
    const { cid } = await bench.peer.contribute(Buffer.from('x'), { name: 'x' })
    const { json: { openapi, paths } } = await ask(`${url}/v1/openapi.json`)
    expect(openapi).toBe('3.1.0')
    const bodies: Record<string, string> = {
      'post /v1/peers': JSON.stringify({ address: bench.peer.addresses()[0] }), 'post /peersdb/command': JSON.stringify({ method: { cmd: 'query', argcnt: 0 } })
    }
    const statuses: Record<string, number> = {}

    for (const [path, methods] of Object.entries<object>(paths)) {
      for (const method of Object.keys(methods)) {
        const key = `${method} ${path}`
        const target = `${url}${path.replace('{cid}', cid)}${key === 'post /v1/contributions' ? '?name=y' : ''}`
        const response = await fetch(target, { method: method.toUpperCase(), body: bodies[key] ?? (key === 'post /v1/contributions' ? 'y' : undefined) })
        statuses[key] = response.status
        await response.body?.cancel()
      }
    }

    expect(statuses).toEqual({
      'post /peersdb/command': 200, 'get /peersdb/benchmarks': 200, 'post /peersdb/benchmarks': 200,
      'get /v1/contributions': 200, 'post /v1/contributions': 201, 'get /v1/contributions/{cid}': 200,
      // Nothing private is there, and a peer does not dial itself: answers all the same.
      'post /v1/contributions/{cid}/publish': 404, 'post /v1/contributions/{cid}/validate': 200, 'post /v1/peers': 502,
      'get /v1/files/{cid}': 200, 'put /v1/pins/{cid}': 200, 'delete /v1/pins/{cid}': 204, 'post /v1/garbage-collection': 200,
      'get /v1/watch': 200, 'get /v1/status': 200, 'get /v1/peers': 200, 'get /v1/verdicts': 200, 'get /health': 200, 'get /metrics': 200, 'get /v1/openapi.json': 200
    })
    expect(paths['/v1/contributions'].get.parameters.map(({ name }: { name: string }) => name)).toContain('size_min')
    expect(paths['/v1/peers'].post.requestBody.content['application/json'].schema.properties.address.type).toBe('string')
  })
})
