import { once } from 'node:events'
import { expect, it } from 'vitest'
import type { ConformanceContext } from './conformance.ts'
import { portableBytesMax } from './limits.ts'

/** What each verb is answered, byte for byte. */
export function connectionCases ({ connect, key }: ConformanceContext): void {
  it('answers the first signal and the first publish with the number 1', async () => {
    const [client, name] = [await connect(), key()]
    await client.ask({ id: '0', publish: { topic: name, payload: 'x' } })
    await client.ask({ id: '1', signal_entry: { state: name } })
    await client.ask({ id: '2', barrier: { state: name, target: 1 } })
    expect(client.frames).toEqual([
      '{"id":"0","error":"","publish":{"seq":1},"subscribe":"","signal_entry":null}\n',
      '{"id":"1","error":"","publish":null,"subscribe":"","signal_entry":{"seq":1}}\n',
      '{"id":"2","error":"","publish":null,"subscribe":"","signal_entry":null}\n'
    ])
  })

  it('delivers to the connection that published, in a message of its own', async () => {
    const [client, topic] = [await connect(), key()]
    client.send({ id: '5', subscribe: { topic } })
    expect((await client.ask({ id: '6', publish: { topic, payload: { a: 1 } } })).publish).toEqual({ seq: 1 })
    await client.next('5')
    expect(client.frames).toContain('{"id":"5","error":"","publish":null,"subscribe":"{\\"a\\":1}","signal_entry":null}\n')
  })

  it.each([
    ['an empty id', { id: '', signal_entry: { state: 'id' } }],
    ['no id', { signal_entry: { state: 'id' } }],
    ['a null id', { id: null, signal_entry: { state: 'id' } }]
  ])('accepts %s and answers with an empty one', async (_, request) => {
    const client = await connect()
    client.send(request)
    expect((await client.next('')).signal_entry?.seq).toBeGreaterThan(0)
  })

  it('serves only the first verb of publish, subscribe, barrier, signal_entry', async () => {
    const [client, name] = [await connect(), key()]
    const request = { id: 'two', signal_entry: { state: name }, publish: { topic: name, payload: 1 }, barrier: null, other: {} }
    expect(await client.ask(request)).toMatchObject({ publish: { seq: 1 }, signal_entry: null })
    expect((await client.ask({ id: 'one', signal_entry: { state: name } })).signal_entry).toEqual({ seq: 1 })
  })

  it('answers nothing to a request without a verb', async () => {
    const client = await connect()
    client.send({ id: 'nothing' })
    client.send({ id: 'nothing', publish: null })
    await client.ask({ id: 'fence', signal_entry: { state: key() } })
    expect(client.frames).toHaveLength(1)
  })

  it('matches the names of fields without regard to case, and takes binary messages', async () => {
    const [client, state] = [await connect(), key()]
    client.send(Buffer.from(JSON.stringify({ ID: 'a', Signal_Entry: { STATE: state } })))
    expect((await client.next('a')).signal_entry).toEqual({ seq: 1 })
    expect((await client.ask({ id: 'b', signal_entry: { state } })).signal_entry).toEqual({ seq: 2 })
  })

  it('keeps a state and a topic after the client that made them left', async () => {
    const [first, second, name] = [await connect(), await connect(), key()]
    await first.ask({ id: 'a', signal_entry: { state: name } })
    await first.ask({ id: 'b', publish: { topic: name, payload: 'kept' } })
    await first.close()
    expect((await second.ask({ id: 'a', signal_entry: { state: name } })).signal_entry).toEqual({ seq: 2 })
    expect((await second.ask({ id: 'b', subscribe: { topic: name } })).subscribe).toBe('"kept"')
  })

  it('answers a ping', async () => {
    const { socket } = await connect()
    socket.ping('are you there')
    const [data] = await once(socket, 'pong', { signal: AbortSignal.timeout(10_000) }) as [Buffer]
    expect(data.toString()).toBe('are you there')
  })
}

/** How a payload comes back: as Go decodes and encodes it again. The second column is JSON text, as it is sent. */
const payloads: Array<[string, string, string]> = [
  ['sorts keys at every depth', '{"b":{"z":1,"a":2},"a":[{"d":1,"c":2}]}', '{"a":[{"c":2,"d":1}],"b":{"a":2,"z":1}}'],
  ['sorts keys by their bytes', '{"😀":1,"Z":2,"a":3,"ﬀ":4,"10":5,"9":6}', '{"10":5,"9":6,"Z":2,"a":3,"ﬀ":4,"😀":1}'],
  ['escapes what HTML and JavaScript dislike', '"<a href=\'x\'>&\u2028\u2029"', '"\\u003ca href=\'x\'\\u003e\\u0026\\u2028\\u2029"'],
  ['escapes in keys', '{"<":1}', '{"\\u003c":1}'],
  ['makes every number a 64-bit float', '[1700000000123456789,1.0,1e3,0.0000001,1e21,-0]', '[1700000000123456800,1,1000,1e-7,1e+21,-0]'],
  ['keeps null', 'null', 'null'],
  ['keeps a string with quotes and line ends', '"say \\"so\\"\\n\\t\\\\"', '"say \\"so\\"\\n\\t\\\\"'],
  ['keeps non-ASCII text', '"Zürich 東京 😀"', '"Zürich 東京 😀"'],
  ['replaces a lone surrogate', '"\\ud800"', '"\ufffd"'],
  ['keeps a key named __proto__', '{"__proto__":{"a":1}}', '{"__proto__":{"a":1}}']
]

export function encodingCases ({ connect, key }: ConformanceContext): void {
  it.each(payloads)('%s in a payload', async (_, sent, received) => {
    const [client, topic] = [await connect(), key()]
    client.send({ id: 'sub', subscribe: { topic } })
    client.send(`{"id":"pub","publish":{"topic":${JSON.stringify(topic)},"payload":${sent}}}`)
    expect((await client.next('sub')).subscribe).toBe(received)
  })

  it('delivers a missing payload as null', async () => {
    const [client, topic] = [await connect(), key()]
    client.send({ id: 'sub', subscribe: { topic } })
    await client.ask({ id: 'pub', publish: { topic } })
    expect((await client.next('sub')).subscribe).toBe('null')
  })

  it('escapes twice on the wire what a payload has escaped', async () => {
    const [client, topic] = [await connect(), key()]
    client.send({ id: '<&>', subscribe: { topic } })
    await client.ask({ id: 'pub', publish: { topic, payload: '<' } })
    await client.next('<&>')
    expect(client.frames).toContain(
      '{"id":"\\u003c\\u0026\\u003e","error":"","publish":null,"subscribe":"\\"\\\\u003c\\"","signal_entry":null}\n')
  })
}

/** All subscribers of a topic see one order, whenever they came. */
export function orderCases ({ connect, key }: ConformanceContext): void {
  it('shows every subscriber the same order: early, late, twice on one connection, elsewhere', async () => {
    const [a, b, topic] = [await connect(), await connect(), key()]
    a.send({ id: 'early', subscribe: { topic } })
    const numbers = Array.from({ length: 50 }, (_, i) => i)
    await Promise.all(numbers.map((n) => (n % 2 === 0 ? a : b).ask({ id: `p${n}`, publish: { topic, payload: n } })))
    for (const id of ['late', 'later']) a.send({ id, subscribe: { topic } })
    b.send({ id: 'elsewhere', subscribe: { topic } })
    const seen = await Promise.all([a.take('early', 50), a.take('late', 50), a.take('later', 50), b.take('elsewhere', 50)])
    const [first, ...others] = seen.map((responses) => responses.map((response) => Number(response.subscribe)))
    expect([...first ?? []].sort((x, y) => x - y)).toEqual(numbers)
    for (const other of others) expect(other).toEqual(first)
  })

  it('goes on delivering live after the replay', async () => {
    const [client, topic] = [await connect(), key()]
    await client.ask({ id: 'p1', publish: { topic, payload: 'past' } })
    client.send({ id: 'sub', subscribe: { topic } })
    expect((await client.next('sub')).subscribe).toBe('"past"')
    await client.ask({ id: 'p2', publish: { topic, payload: 'live' } })
    expect((await client.next('sub')).subscribe).toBe('"live"')
  })
}

/** A publish whose whole message has a given size. */
function publishOf (bytes: number, topic: string): string {
  const empty = JSON.stringify({ id: 'big', publish: { topic, payload: '' } })
  return JSON.stringify({ id: 'big', publish: { topic, payload: 'x'.repeat(bytes - empty.length) } })
}

export function refusalCases ({ url, connect, key }: ConformanceContext): void {
  it.each([
    ['no JSON', '{"id":'],
    ['two values', '{} {}'],
    ['an array', '[]'],
    ['a number', '5'],
    ['a numeric id', '{"id":7,"signal_entry":{"state":"x"}}'],
    ['a numeric state', '{"signal_entry":{"state":7}}'],
    ['a string for a verb', '{"publish":"x"}'],
    ['a string target', '{"barrier":{"state":"x","target":"5"}}'],
    ['a fractional target', '{"barrier":{"state":"x","target":1.5}}'],
    ['a string is_cancel', '{"is_cancel":"yes"}'],
    ['a wrong type in a verb that would not be served', '{"signal_entry":{"state":5},"publish":{"topic":"x"}}'],
    ['a number beyond 64 bits', '{"publish":{"topic":"x","payload":1e999}}']
  ])('closes with 1007 on %s', async (_, request) => {
    const client = await connect()
    client.send(request)
    expect(await client.closed).toEqual({ code: 1007, reason: 'failed to unmarshal JSON' })
  })

  it(`accepts a message of ${portableBytesMax} bytes`, async () => {
    const [client, topic] = [await connect(), key()]
    client.send(publishOf(portableBytesMax, topic))
    expect((await client.next('big')).publish).toEqual({ seq: 1 })
  })

  it('closes with 1009 on a message far beyond what it accepts, and serves the others on', async () => {
    const [client, other, topic] = [await connect(), await connect(), key()]
    client.send(publishOf(4 * 1024 * 1024, topic))
    expect((await client.closed).code).toBe(1009)
    expect((await other.ask({ id: 'p', publish: { topic, payload: 1 } })).publish).toEqual({ seq: 1 })
  })

  it.each(['/', '/any/path'])('answers a plain GET of %s with 426', async (path) => {
    const response = await fetch(url().replace('ws:', 'http:') + path, { signal: AbortSignal.timeout(10_000) })
    expect(response.status).toBe(426)
    expect(await response.text()).toContain('WebSocket protocol violation')
  })
}
