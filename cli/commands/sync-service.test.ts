import { createServer } from 'node:net'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectWire } from '../../runners/sync/wire-client.ts'
import { eventually, makeBench } from '../../test/command.test-helper.ts'
import { freePort } from '../../test/free-port.test-helper.ts'
import type { AddressInfo } from 'node:net'
import type { Bench } from '../../test/command.test-helper.ts'

let bench: Bench
beforeAll(async () => { bench = await makeBench() }, 120_000)
afterAll(async () => { await bench.clear() })

const healthy = (url: string): Promise<boolean> => fetch(`${url}/health`).then(async (response) => await response.text() === 'ok\n', () => false)

describe('sync-service', () => {
  it('lets clients meet, tells how it is and what it does, and ends in order when it is interrupted', async () => {
    const port = await freePort()
    const url = `http://127.0.0.1:${port}`
    const service = bench.start(['sync-service', '--port', String(port)])
    await eventually('the service to be healthy', () => healthy(url))
    const [one, two] = [await connectWire(url.replace('http', 'ws')), await connectWire(url.replace('http', 'ws'))]
    one.send({ id: 'b', barrier: { state: 'run:1:ready', target: 1 } })
    one.send({ id: 's', subscribe: { topic: 'run:1:addresses' } })
    await two.ask({ id: 'p', publish: { topic: 'run:1:addresses', payload: 'here' } })
    await two.ask({ id: 'r', signal_entry: { state: 'run:1:ready' } })
    expect(await one.next('b')).toMatchObject({ error: '' })
    expect((await one.next('s')).subscribe).toBe('"here"')

    const metrics = await (await fetch(`${url}/metrics`)).text()
    expect(metrics).toMatch(/^peerslab_sync_requests_total\{kind="publish"\} 1$/m)
    expect(metrics).toMatch(/^peerslab_sync_delivered_total 1$/m)
    expect(metrics).toMatch(/^peerslab_sync_released_total 1$/m)
    expect(metrics).toMatch(/^peerslab_sync_connections 2$/m)
    expect(metrics).toMatch(/^peerslab_sync_topics 1$/m)
    expect(metrics).toMatch(/^peerslab_sync_retained_bytes [1-9]\d+$/m)
    service.kill('SIGINT')
    expect(await service.ended).toMatchObject({ exitCode: 0, stdout: `sync service: ws://127.0.0.1:${port}\n`, stderr: '' })
    await expect(one.closed).resolves.toMatchObject({ code: 1001 })
  })

  it.each<[string, string[], string]>([
    ['a port that is none', ['--port', '70000'], '--port must be a whole number from 0 to 65535'],
    ['no time at all', ['--forget-after', '0'], '--forget-after must be a number of hours above 0 and at most 576'],
    ['an address of another machine', ['--host', '192.0.2.1', '--port', '0'], 'cannot listen on 192.0.2.1:0 (EADDRNOTAVAIL): give an address of this machine']
  ])('refuses %s', async (_, args, sentence) => {
    const { exitCode, stderr } = await bench.call(['sync-service', ...args])
    expect([exitCode, stderr.trim().split('\n').at(-1)]).toEqual([64, expect.stringContaining(sentence)])
  })

  it('refuses a port that is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const { exitCode, stderr } = await bench.call(['sync-service', '--port', String(port)])
    server.close()
    expect([exitCode, stderr]).toEqual([64, expect.stringContaining('(EADDRINUSE): another program has this port')])
  })
})
