import { createServer } from 'node:http'
import { once } from 'node:events'
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { composition, makeBench, readOutcome, readRecord } from '../../test/command.test-helper.ts'
import { run } from '../run.ts'
import { findEndpoint } from './endpoint.ts'
import { event, startFakeDaemon, wentWell } from './fake-daemon.test-helper.ts'
import { followTask } from './follow.ts'
import { connectDaemon } from './daemon.ts'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Bench } from '../../test/command.test-helper.ts'
import type { RunReport } from '../run.ts'
import type { FakeDaemon, FakeRequest, FakeRun } from './fake-daemon.test-helper.ts'

const pair = [{ id: 'peers', count: 2 }]
const good = composition('replication', { network: 'lan', contributions: '4' }, pair)
const partition = composition('partition', { network: 'lan', isolate: 'peers/0' }, [{ id: 'peers', count: 3 }])

let bench: Bench
let daemon: FakeDaemon | undefined
beforeAll(async () => { bench = await makeBench() })
afterEach(async () => {
  await daemon?.close()
  daemon = undefined
})
afterAll(async () => { await bench.clear() })

interface Asked {
  readonly text?: string
  readonly set?: Record<string, string>
  readonly timeoutMs?: number
  readonly endpoint?: string
  readonly signal?: AbortSignal
  readonly engine?: string
}

let number = 0

/** Runs a composition under a fake daemon, in this process; what it said is beside its report. */
async function runWith (behave: FakeRun | ((request: FakeRequest) => FakeRun), asked: Asked = {}): Promise<RunReport & { said: string }> {
  daemon ??= await startFakeDaemon(typeof behave === 'function' ? behave : () => behave)
  let said = ''
  const progress = { isTTY: false, write: (text: string) => { said += text } } as unknown as NodeJS.WriteStream
  const report = await run({
    composition: await bench.write(`tg${number++}.toml`, asked.text ?? good),
    runner: 'testground',
    simulation: {},
    daemon: { endpoint: asked.endpoint ?? daemon.endpoint, ...(asked.engine == null ? {} : { engine: asked.engine }) },
    set: asked.set ?? {},
    out: bench.out,
    timeoutMs: asked.timeoutMs ?? 20_000,
    workingDirectory: bench.directory,
    command: [],
    progress,
    signal: asked.signal ?? new AbortController().signal
  })
  return { ...report, said }
}

/** A server that is no daemon. */
async function listen (answer: Parameters<typeof createServer>[1]): Promise<{ server: Server, endpoint: string }> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

describe('a run under the daemon', () => {
  it('hands over the plan and what is merged, and leaves the folder that the runner local leaves', async () => {
    const { verdict, reason, folder, said } = await runWith({ log: [['INFO', 'starting run'], ['INFO', 'starting run']] }, { set: { contributions: '6' } })
    expect({ verdict, reason }).toEqual({ verdict: 'pass', reason: 'all 2 instances succeeded' })
    const [request] = daemon!.requests
    expect(request?.composition.global).toMatchObject({ plan: 'peersdb', case: 'replication', builder: 'docker:generic', runner: 'local:docker', total_instances: 2 })
    expect(request?.composition.groups[0]).toMatchObject({ id: 'peers', instances: { count: 2 }, run: { test_params: { contributions: '6', network: 'lan', store: 'memory' } } })
    expect(request).toMatchObject({ build_groups: [0], run_ids: ['default'], manifest: { Name: 'peersdb', Builders: { 'docker:generic': { enabled: true } } } })
    expect([...request!.files!.keys()].sort()).toEqual(['.testgroundignore', 'Dockerfile', 'manifest.toml', 'package.json', 'peersdb.js'])
    const files = await readdir(folder, { recursive: true, withFileTypes: true })
    expect(files.filter((file) => file.isFile()).map((file) => join(file.parentPath, file.name).slice(folder.length + 1)).sort()).toEqual([
      'instances/default/daemon.log', 'instances/default/peers/0/results.out', 'instances/default/peers/0/run.out',
      'instances/default/peers/1/results.out', 'instances/default/peers/1/run.out', 'instances/default/task.json',
      'outcome.json', 'ro-crate-metadata.json', 'run.json'
    ])
    expect(await readRecord(folder)).toMatchObject({ runner: 'testground', engine: { name: 'local:docker', endpoint: daemon!.endpoint }, fidelity: 'bandwidth' })
    expect(JSON.parse(await readFile(join(folder, 'instances/default/task.json'), 'utf8'))).toMatchObject({
      id: 'task1', outcome: 'success', groups: { peers: { ok: 2, total: 2 } }, difference: null
    })
    expect(said.match(/starting run/g)).toHaveLength(1)
    expect(said).toMatch(/started 2\/2 after [\d.]+ s\n[^]*ended 2\/2 after/)
  })

  it('builds once for several runs, and keeps their instances apart', async () => {
    const text = `${good}[[runs]]\nid = "b"\n[[runs.groups]]\nid = "peers"\n[[runs]]\nid = "a"\n[[runs.groups]]\nid = "peers"\n`
    const { verdict, folder } = await runWith({}, { text })
    expect(verdict).toBe('pass')
    const asked = daemon!.requests.map(({ run_ids: [id], build_groups: built, files, composition: { groups: [first] } }) =>
      [id, built, files != null, first?.run.artifact])
    expect(asked).toEqual([['b', [0], true, ''], ['a', [], false, 'image-1']])
    expect((await readdir(join(folder, 'instances'))).sort()).toEqual(['a', 'b'])
  })

  it('takes along the files that parameters name, under the paths that they have in the image', async () => {
    await mkdir(join(bench.directory, 'mine'), { recursive: true })
    await writeFile(join(bench.directory, 'mine', 'one=two.txt'), 'x')
    await runWith({}, { set: { corpus: 'mine' } })
    const [request] = daemon!.requests
    expect(request?.composition.groups[0]?.run.test_params.corpus).toBe('/plan/files/0-mine')
    expect(request?.files?.get('files/0-mine/one=two.txt')?.toString()).toBe('x')
  })

  it('takes along what goes wrong on links, and refuses what is about processes', async () => {
    await runWith({}, { text: partition })
    expect(JSON.parse(String(daemon!.requests[0]?.files?.get('faults.json')))).toMatchObject({ events: [{ kind: 'partition' }, { kind: 'heal' }] })
    await bench.write('crash.json', JSON.stringify({ endMs: 5000, events: [{ atMs: 1000, kind: 'crash', instances: ['peers/1'] }] }))
    await expect(runWith({}, { text: partition, set: { faults: 'crash.json' } })).rejects.toThrow(/crash at 1000 ms is about the process of peers\/1, .*use --runner local or sim/)
  })

  it('goes on where its log was cut', async () => {
    const { verdict, said, folder } = await runWith({ cutsLogAfter: 3 })
    expect(verdict).toBe('pass')
    expect(said.match(/starting run/g)).toHaveLength(1)
    expect((await readFile(join(folder, 'instances/default/daemon.log'), 'utf8')).match(/container exited/g)).toHaveLength(2)
  })

  it('is ended when the user interrupts', async () => {
    const controller = new AbortController()
    const running = runWith(() => {
      setTimeout(() => { controller.abort() }, 50)
      return { hangs: true, left: () => ({ 'run.out': event('start') }) }
    }, { signal: controller.signal })
    expect(await running).toMatchObject({ verdict: 'unknown', reason: 'the run was interrupted' })
    expect(daemon!.killed).toEqual(['task1'])
  })
})

describe('the judgement', () => {
  const failed = { 'run.out': event('start') + event('failure', { error: 'did not converge' }), 'results.out': '' }
  const second = (bad: Record<string, string> | undefined) => (_: string, index: number) => index === 1 ? bad : wentWell

  it.each<[string, FakeRun, string, RegExp]>([
    ['an instance failed', { outcome: 'failure', left: second(failed) }, 'fail', /^instance peers\/1 failed: did not converge$/],
    ['an instance failed, which the daemon does not know', { left: second(failed) }, 'fail',
      /^Testground's outcome is success \(peers 2\/2\), but instance peers\/1 failed: did not converge$/],
    ['the daemon lost an outcome', { outcome: 'failure' }, 'unknown', /^all 2 instances succeeded by what they left, but Testground's outcome is failure \(peers 2\/2\)$/],
    ['an instance never reported', { outcome: 'failure', left: second({ 'run.out': event('start') }) }, 'unknown', /^instance peers\/1 ended without a result$/],
    ['an instance was killed', { outcome: 'failure', left: second({ 'run.out': event('start') }), exitCode: (_, index) => index * 137 }, 'unknown',
      /^instance peers\/1 was killed \(SIGKILL\)$/],
    ['an instance left nothing', { left: second(undefined), said: () => [] }, 'unknown', /^Testground's outcome is success .*, but instance peers\/1 ended without a result: nothing that it left was collected$/],
    ['the sync service was lost', {
      outcome: 'failure', left: () => ({ 'run.out': event('start') + event('crash', { error: 'the sync service is gone' }) }), exitCode: () => 2
    }, 'fail', /^instance peers\/0 crashed \(exit code 2\): the sync service is gone$/],
    ['the disk was full under the outputs', {
      outcome: 'failure', left: second({ 'run.out': '' }), exitCode: (_, index) => index,
      said: (_, index) => index === 1 ? [['ERROR', 'the outputs could not be written: ENOSPC']] : [['OK', '']]
    }, 'fail', /^instance peers\/1 crashed \(exit code 1\)$/],
    ['the image does not build', { error: 'docker build failed: COPY failed', log: [['WARN', 'build failed', { error: 'COPY failed' }]] }, 'unknown',
      /^the daemon ended task task1 with an error: docker build failed: COPY failed$/],
    ['the daemon is older', { task: ({ composition: whole, ...task }) => ({ ...task, composition: { ...whole as object, runs: undefined } }) }, 'unknown',
      /knows no runs of a composition, so it is older than Testground v0\.6\.0; use that version$/],
    ['the archive is cut short', { archive: (whole) => whole.subarray(0, whole.length - 20) }, 'unknown', /^the archive of task task1 is cut short or damaged/],
    ['the archive is none', { archive: () => Buffer.from('nothing') }, 'unknown', /^the archive of task task1 is cut short or damaged/]
  ])('where %s', async (_, behave, verdict, reason) => {
    const report = await runWith(behave)
    expect(report).toMatchObject({ verdict, reason: expect.stringMatching(reason) })
    expect((await readOutcome(report.folder)).runs[0]?.instances).toHaveLength(2)
  })

  it('is unknown after the time-out, and the daemon was told to end the run', async () => {
    const report = await runWith({ hangs: true, left: (_, index) => index === 0 ? wentWell : { 'run.out': event('start') } }, { timeoutMs: 700 })
    expect(report).toMatchObject({ verdict: 'unknown', reason: 'the run was ended after 0.7 s, its time-out; give it more with --timeout' })
    expect(daemon!.killed).toEqual(['task1'])
    expect((await readOutcome(report.folder)).runs[0]?.instances.map(({ outcome }) => outcome)).toEqual(['success', 'missing'])
  })

  it('names the one that went wrong first', async () => {
    const report = await runWith({
      outcome: 'failure', left: (_, index) => ({ 'run.out': event('failure', { error: `no ${index}` }, 1_700_000_000_000_000_000n - BigInt(index) * 10n ** 9n) })
    })
    expect(report.reason).toBe('instance peers/1 failed: no 1')
  })
})

describe('an archive', () => {
  it.each(['../../etc/passwd', '/etc/passwd', '<task>/peers/0/../../../../x', 'a\\..\\b'])('with the path %s is refused', async (name) => {
    const report = await runWith({ entries: [{ name, content: 'x' }] })
    expect(report).toMatchObject({ verdict: 'unknown', reason: expect.stringMatching(/which leads out of it; nothing after it was taken$/) })
  })

  it('is taken without what is no file of an instance', async () => {
    const { verdict, said, folder } = await runWith({ entries: [
      { name: '<task>/peers/0/link', type: 'symlink', linkname: '/etc/passwd' },
      { name: '<task>/strangers/0/run.out', content: 'x' }, { name: 'other/peers/0/run.out', content: 'x' }, { name: '<task>/peers/7/run.out', content: 'x' }
    ] })
    expect(verdict).toBe('pass')
    expect(said).toContain('1 entry of the archive was left out: symlink instead of a file')
    expect(said).toContain('3 entries of the archive were left out: files of no instance of the run')
    expect((await readdir(join(folder, 'instances/default/peers'))).sort()).toEqual(['0', '1'])
    expect((await readdir(join(folder, 'instances/default/peers/0'))).sort()).toEqual(['results.out', 'run.out'])
  })
})

describe('a daemon that cannot be used is told of in one sentence, and nothing is written:', () => {
  it('none', async () => {
    const { server, endpoint } = await listen(() => {})
    server.close()
    const ended = await bench.command(['run', await bench.write('none.toml', good), '--runner', 'testground', '--endpoint', endpoint, '--out', 'nowhere'], bench.directory)
    expect(ended).toMatchObject({ exitCode: 64, stdout: '' })
    expect(ended.stderr).toBe(`peerslab: no Testground daemon answers at ${endpoint} (ECONNREFUSED); start one with "testground daemon" (docs/testground.md says how to get it), or name another one with --endpoint\n`)
    expect(await readdir(bench.directory)).not.toContain('nowhere')
  })

  it.each<[string, Parameters<typeof createServer>[1], RegExp]>([
    ['another server', (_, response) => { response.writeHead(404).end() }, /answers with status 404, which Testground v0\.6\.0 does not/],
    ['a page', (_, response) => { response.writeHead(200, { 'Content-Type': 'text/html' }).end() }, /answers with text\/html, where Testground/],
    ['another protocol', (_, response) => { response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"ok":true}') }, /does not speak the protocol .*it said "\{\\"ok\\":true\}"/],
    ['no result', (_, response) => { response.writeHead(200, { 'Content-Type': 'application/json' }).end() }, /ended its answer without a result/]
  ])('%s', async (_, answer, sentence) => {
    const { server, endpoint } = await listen(answer)
    await expect(runWith({}, { endpoint })).rejects.toThrow(sentence)
    await expect(runWith({}, { endpoint })).rejects.toMatchObject({ name: 'RunRequestError' })
    server.close()
  })

  it('one that wants a token, which is read where Testground keeps it', async () => {
    daemon = await startFakeDaemon(() => ({}), 'secret')
    await expect(runWith({})).rejects.toThrow(/wants a token; write it as token = "…" below \[client\] in \.env\.toml/)
    const home = await bench.write('home/.env.toml', `[client]\nendpoint = "${daemon.endpoint}"\ntoken = "secret"\n`)
    const found = findEndpoint(undefined, { TESTGROUND_HOME: join(home, '..') })
    expect({ ...found, url: found.url.href }).toEqual({ url: `${daemon.endpoint}/`, token: 'secret' })
    await connectDaemon(found).check()
  })

  it.each([['ftp://host', 'is no address of a daemon'], ['8042', 'is no address of a daemon']])('the address %s', async (endpoint, sentence) => {
    await expect(runWith({}, { endpoint })).rejects.toThrow(sentence)
  })

  it('the engine local:exec', async () => {
    await expect(runWith({}, { engine: 'local:exec' })).rejects.toThrow('--engine local:exec: the plan is not made for that; use one of local:docker, cluster:k8s')
  })
})

describe('a daemon that goes away', () => {
  it('is given up after a while', async () => {
    const { server, endpoint } = await listen(() => {})
    server.close()
    const following = followTask({
      daemon: connectDaemon({ url: new URL(endpoint) }), taskId: 'task1', onLog: () => {}, signal: new AbortController().signal, patienceMs: 200
    })
    await expect(following).rejects.toThrow(/the connection to the daemon at .* was lost \(ECONNREFUSED\)/)
  })

  it('and comes back without the task, has none to wait for', async () => {
    daemon = await startFakeDaemon()
    const following = followTask({ daemon: connectDaemon({ url: new URL(daemon.endpoint) }), taskId: 'gone', onLog: () => {}, signal: new AbortController().signal })
    await expect(following).rejects.toThrow(/does not know task gone any more; it may have been started again/)
  })
})
