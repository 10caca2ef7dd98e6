import { once } from 'node:events'
import { request } from 'node:http'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { ask, makeHttpBench } from './http-bench.test-helper.ts'
import type { Answer } from './http-bench.test-helper.ts'

const bench = makeHttpBench()
const { serve } = bench

describe('/v1/contributions', () => {
  const streamOf = (parts: Buffer[]): ReadableStream => Readable.toWeb(Readable.from(parts)) as ReadableStream
  const contribute = (url: string, query: string, body: string | ReadableStream): Promise<Answer> => {
    const headers = { 'content-type': 'application/octet-stream' }
    return ask(`${url}/v1/contributions?${query}`, { method: 'POST', body, headers, duplex: 'half' } as RequestInit)
  }

  it('takes a file as a stream and gives it back', async () => {
    const url = await serve()
    const parts = Array.from({ length: 100 }, (_, index) => Buffer.alloc(50_000, index))

    const made = await contribute(url, 'name=dir/big.bin&attributes.workload=sort&attributes.lines=1e7', streamOf(parts))

    const attributes = { workload: 'sort', lines: '1e7' }
    expect(made).toMatchObject({ status: 201, json: { name: 'dir/big.bin', size: 5_000_000, attributes, contributor: bench.peer.id } })
    expect(made.headers.get('location')).toBe(`/v1/contributions/${made.json.cid}`)
    expect((await ask(`${url}${made.headers.get('location')}`)).json).toEqual(made.json)
    const file = await fetch(`${url}/v1/files/${made.json.cid}`)
    expect(Buffer.from(await file.arrayBuffer()).equals(Buffer.concat(parts))).toBe(true)
  })

  it('takes no file that is too large, announced or not', async () => {
    const url = await serve({ fileBytesMax: 100 })
    const chunks = streamOf([Buffer.alloc(60), Buffer.alloc(60)])
    const tooLarge = { status: 413, json: { error: expect.stringContaining('larger than the 100 bytes') } }
    expect(await contribute(url, 'name=a', 'x'.repeat(101))).toMatchObject(tooLarge)
    expect(await contribute(url, 'name=a', chunks)).toMatchObject(tooLarge)
    expect(await contribute(url, 'name=a', 'x'.repeat(100))).toMatchObject({ status: 201 })
    expect(bench.peer.count()).toBe(1)
  })

  it('contributes nothing of a client that breaks off', async () => {
    const url = await serve()
    const sent = request(`${url}/v1/contributions?name=half`, { method: 'POST', headers: { 'content-length': '1000' } })
    const failed = once(sent, 'error')
    sent.write('half')
    const real = bench.peer.contribute.bind(bench.peer)
    const outcome = Promise.withResolvers<unknown>()
    const breakOff = async function * (content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
      for await (const part of content) {
        yield part
        sent.destroy(new Error('gone'))
      }
    }
    bench.peer.contribute = async (content, options) => {
      const made = real(breakOff(content as AsyncIterable<Uint8Array>), options)
      made.then(outcome.resolve, outcome.resolve)
      return made
    }

    expect(await outcome.promise).toBeInstanceOf(Error)
    await failed
    expect(bench.peer.count()).toBe(0)
  })

  it('filters, sorts and pages', async () => {
    const url = await serve()
    for (const count of [2, 4, 8]) await bench.peer.contribute(Buffer.alloc(count), { name: `n${count}`, attributes: { workload: 'sort', count: String(count) } })
    await bench.peer.contribute(Buffer.from('g'), { name: 'grep', attributes: { workload: 'grep' } })
    const names = async (query: string): Promise<string[]> => (await ask(`${url}/v1/contributions?${query}`)).json.contributions.map(({ name }: { name: string }) => name)

    expect(await names('attributes.workload=sort&order=ascending')).toEqual(['n2', 'n4', 'n8'])
    expect(await names('attributes.count=3..8')).toEqual(['n8', 'n4'])
    expect(await names('attributes.workload=sort&attributes.workload=grep&size_max=3&order=ascending')).toEqual(['n2', 'grep'])
    expect(await names('name=grep&from=2020-01-01T00:00:00Z&to=2999-01-01T00:00:00Z')).toEqual(['grep'])
    const first = await ask(`${url}/v1/contributions?limit=3`)
    expect(first.json.contributions).toHaveLength(3)
    expect(await names(`limit=3&after=${first.json.next}`)).toEqual(['n2'])
  })

  it.each(['limit=0', 'limit=1&limit=2', 'sort=secrets', 'workload=sort', 'from=yesterday', 'cid=nonsense', 'held=maybe', 'order=up', 'private=true'])(
    'refuses ?%s', async (query) => {
      expect(await ask(`${await serve()}/v1/contributions?${query}`)).toMatchObject({ status: 400, json: { error: expect.stringMatching(/\w+ .*; |CID/) } })
    })

  it('exports all that match, with attributes as columns', async () => {
    const url = await serve()
    for (let index = 0; index < 250; index++) await bench.peer.contribute(Buffer.from(`${index}`), { name: `n${index}`, attributes: { [`a${index % 2}`]: '1' } })

    const csv = await ask(`${url}/v1/contributions?order=ascending`, { headers: { accept: 'text/csv' } })
    expect(csv.headers.get('content-type')).toMatch(/^text\/csv/)
    const rows = csv.json.trimEnd().split('\r\n')
    expect(rows[0]).toBe('cid,name,size,mediaType,contributor,createdAt,attributes.a0,attributes.a1')
    expect(rows).toHaveLength(251)
    expect(rows[2]).toMatch(/,n1,1,.*,,1$/)
    const ndjson = await ask(`${url}/v1/contributions?attributes.a0=1`, { headers: { accept: 'application/x-ndjson' } })
    expect(ndjson.json.trimEnd().split('\n').map((line: string) => JSON.parse(line).name)).toHaveLength(125)
  })

  it('keeps private what is private until it is published', async () => {
    const url = await serve()
    const { json: { cid } } = await contribute(url, 'name=secret&private=true', 'mine')
    expect((await ask(`${url}/v1/contributions`)).json.contributions).toEqual([])
    expect((await ask(`${url}/v1/contributions?visibility=private`)).json.contributions).toHaveLength(1)
    expect(await ask(`${url}/v1/contributions/${cid}/publish`, { method: 'POST' })).toMatchObject({ status: 200, json: { cid } })
    expect((await ask(`${url}/v1/contributions`)).json.contributions).toHaveLength(1)
    expect(await ask(`${url}/v1/contributions/${cid}/publish`, { method: 'POST' })).toMatchObject({ status: 404 })
  })
})

describe('/v1/files', () => {
  it('gives a file of a stranger nothing to start from', async () => {
    const url = await serve()
    const { cid } = await bench.peer.contribute(Buffer.from('<script>'), { name: 'a"\r\nset-cookie: x\n../ü.html', mediaType: 'text/html' })

    const { status, headers, json } = await ask(`${url}/v1/files/${cid}`)

    expect({ status, json }).toEqual({ status: 200, json: '<script>' })
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-type': 'text/html', etag: `"${cid}"`, 'x-content-type-options': 'nosniff', 'content-security-policy': 'sandbox; default-src \'none\'',
      'content-disposition': 'attachment; filename="_.html"; filename*=UTF-8\'\'%C3%BC.html'
    })
    expect(headers.has('set-cookie')).toBe(false)
    expect(await ask(`${url}/v1/files/${cid}`, { headers: { 'if-none-match': `"x", W/"${cid}"` } })).toMatchObject({ status: 304, json: '' })
  })

  it('tells what is not there, and what is no CID', async () => {
    const url = await serve()
    expect(await ask(`${url}/v1/files/bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku`)).toMatchObject({ status: 404, json: { error: expect.stringContaining('not held here') } })
    expect(await ask(`${url}/v1/files/..%2f..%2fetc`)).toMatchObject({ status: 400, json: { error: expect.stringContaining('is not a CID') } })
  })

  it('ends the connection of a file that breaks off, rather than the file', async () => {
    const { cid } = await bench.peer.contribute(Buffer.alloc(3_000_000), { name: 'x' })
    const get = bench.peer.get.bind(bench.peer)
    bench.peer.get = async function * (...args) {
      let parts = 0
      for await (const part of get(...args)) {
        if (++parts === 3) throw new Error('the holder left')
        yield part
      }
    }
    const response = await fetch(`${await serve()}/v1/files/${cid}`)
    expect(response.status).toBe(200)
    await expect(response.text()).rejects.toThrow()
  })
})

describe('/v1/watch', () => {
  it('tells what happens from the moment that it answers', async () => {
    const url = await serve()
    const response = await fetch(`${url}/v1/watch?attributes.workload=sort`)
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
    expect((await reader.read()).value).toBe(': watching\n\n')

    await bench.peer.contribute(Buffer.from('1'), { name: 'other' })
    const made = await bench.peer.contribute(Buffer.from('2'), { name: 'mine\nevent: file', attributes: { workload: 'sort' } })

    let heard = ''
    while (!heard.includes('event: contribution')) heard += (await reader.read()).value ?? ''
    expect(heard).toContain(`event: contribution\nid: ${made.hash}\ndata: ${JSON.stringify(made)}\n\n`)
    expect(heard).not.toContain('"other"')
    await reader.cancel()
  })

  it('ends with the interface', async () => {
    const response = await fetch(`${await serve()}/v1/watch`)
    const reader = response.body!.getReader()
    await reader.read()
    await bench.server.close()
    await reader.read().then(({ done }) => { expect(done).toBe(true) }, (err: Error) => { expect(err.message).toMatch(/terminated/) })
  })
})
