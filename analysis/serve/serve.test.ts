import { appendFile, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventsOf, outcomeRecord, row, runRecord, wholeFolder } from '../folder.test-helper.ts'
import { serve } from './server.ts'
import type { LiveState } from './live.ts'
import type { Served } from './server.ts'

let root: string
let served: Served
/** A run that goes on: no outcome, no end, written just now. */
let going: string

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'peerslab-served-')))
  const whole = await wholeFolder()
  await mkdir(join(root, 'quick'))
  await symlink(whole, join(root, 'quick', 'linked'))
  going = join(root, 'quick', 'now')
  await mkdir(join(going, 'instances', 'main', 'peers', '0'), { recursive: true })
  await writeFile(join(going, 'run.json'), JSON.stringify({ ...runRecord(), endedAt: undefined, runs: [{ id: 'main', groups: [{ id: 'peers', count: 2, params: {} }] }] }))
  await writeFile(join(root, 'secret.txt'), 'secret')
  served = await serve({ folder: root, port: 0, lookEveryMs: 20 })
})
afterEach(async () => {
  await served.close()
  await rm(root, { recursive: true, force: true })
})

interface Answer { status: number, body: string, headers: Record<string, unknown> }

/** A request as it is written, which `fetch` would first make safe. */
async function get (path: string, headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(served.url)
    const asked = request({ hostname, port, path, headers }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => { body += text }).on('end', () => { resolve({ status: response.statusCode ?? 0, body, headers: response.headers }) })
    })
    asked.on('error', reject).end()
  })
}

/** The states that are told of a run, until `isLast` or the end. */
async function * statesOf (name: string): AsyncGenerator<LiveState> {
  const response = await fetch(`${served.url}run/${name}/events`, { signal: AbortSignal.timeout(10_000) })
  let text = ''
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk
    for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
      const data = /^data: (.*)$/m.exec(text.slice(0, end))?.[1]
      text = text.slice(end + 2)
      if (data !== undefined) yield JSON.parse(data) as LiveState
    }
  }
}

describe('a folder that is served', () => {
  it('lists its runs, links not followed, and markup of theirs as text', async () => {
    await writeFile(join(going, 'run.json'), JSON.stringify({ ...runRecord(), endedAt: undefined, case: '<script>alert(1)</script>' }))
    const { status, body, headers } = await get('/')
    expect(status).toBe(200)
    expect(body).toContain('<a href="/run/quick/now/">quick/now</a>')
    expect(body).toContain('going on')
    expect(body).not.toMatch(/linked|<script>/)
    expect(headers['content-security-policy']).toContain('default-src \'none\'')
    expect(JSON.parse((await get('/runs.json')).body)).toMatchObject([{ name: 'quick/now', state: 'going on', verdict: null, seed: 7 }])
  })

  it('gives out what there is of a run, and nothing else', async () => {
    expect(await get('/run/quick/now/run.json')).toMatchObject({ status: 200, body: expect.stringContaining('"seed":7') as string })
    await symlink(join(root, 'secret.txt'), join(going, 'summary.txt'))
    await writeFile(join(going, 'other.txt'), 'x')
    for (const path of [
      '/run/quick/now/other.txt', '/run/quick/now/summary.txt', '/run/quick/now/../../secret.txt', '/run/quick/now/%2e%2e/%2e%2e/secret.txt',
      '/run/quick/now/..%2f..%2fsecret.txt', '/run/quick/now/instances/../../0/run.out', '/run/quick/now/figures/..%2f..%2fsecret.csv', '/run/../secret.txt',
      '/run//etc/passwd', '/run/quick/linked/run.json', '/secret.txt', '/run/quick/now/run.json%00.txt'
    ]) {
      const { status, body } = await get(path)
      expect({ path, refused: status >= 400 && status < 500, body: body.includes('secret') && !body.startsWith('There is nothing') }).toEqual({ path, refused: true, body: false })
    }
  })

  it('refuses a request that names another host, as of a page whose name was rebound', async () => {
    expect((await get('/', { host: 'evil.example' })).status).toBe(403)
    expect((await get('/', { host: 'localhost:1' })).status).toBe(200)
  })

  it('shows a run while it goes on: what is whole of it, until it has ended', async () => {
    const instance = join(going, 'instances', 'main', 'peers', '0')
    await writeFile(join(instance, 'run.out'), eventsOf('peers', 2, undefined))
    const half = row('replication_entry_ms,region=a', { value: 70 })
    await writeFile(join(instance, 'results.out'), row('replication_entry_ms,region=é', { value: 50 }) + half.slice(0, 40))
    const states = statesOf('quick/now')
    const next = async (): Promise<LiveState> => (await states.next()).value as LiveState
    expect(await next()).toMatchObject({ state: 'going on', rows: 1, unparsed: 0, instances: [{ group: 'main/peers', count: 2, started: 1, succeeded: 0 }], metrics: [{ metric: 'replication_entry_ms', unit: 'ms', n: 1, median: '50.0' }] })
    await appendFile(join(instance, 'results.out'), half.slice(40))
    expect(await next()).toMatchObject({ rows: 2, metrics: [{ n: 2, median: '60.0', max: '70.0' }] })
    await writeFile(join(going, 'outcome.json'), JSON.stringify(outcomeRecord()))
    expect(await next()).toMatchObject({ state: 'ended', verdict: 'pass: all hold the same' })
    expect((await states.next()).done).toBe(true)
  })

  it('makes a report that a run lacks, and leaves the folder of the run as it is', async () => {
    await writeFile(join(going, 'outcome.json'), JSON.stringify(outcomeRecord()))
    await writeFile(join(going, 'instances', 'main', 'peers', '0', 'results.out'), row('converged,region=a', { value: 1 }))
    expect((await get('/run/quick/now/report.html')).body).toContain('pass: all hold the same')
    expect((await get('/run/quick/now/summary.txt')).body).toMatch(/^Verdict pass/)
    await expect(realpath(join(going, 'report.html'))).rejects.toThrow('ENOENT')
  })
})

describe('what cannot be served', () => {
  it('is said in one sentence', async () => {
    await expect(serve({ folder: join(root, 'gone'), port: 0 })).rejects.toThrow(/^There is no folder \S+gone: give/)
    await expect(serve({ folder: join(root, 'secret.txt'), port: 0 })).rejects.toThrow('is a file')
    await expect(serve({ folder: root, port: Number(new URL(served.url).port) })).rejects.toThrow(/\(EADDRINUSE\): choose another --port/)
  })
})
