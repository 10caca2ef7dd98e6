import { spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { finished } from 'node:stream/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cli } from '../cli.ts'
import type { Surroundings } from '../surroundings.ts'

const main = join(import.meta.dirname, '..', 'main.ts')
const limitMs = 60_000
const quiet = ['--listen', '/ip4/127.0.0.1/tcp/0']
let directory: string
const running = new Set<Command>()

type Command = ReturnType<typeof start>

/** A command in this process, with streams and signals of its own. */
function start (...args: string[]) {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
  const signals = new EventEmitter()
  const output = { stdout: '', stderr: '' }
  let wake = (): void => {}
  stdout.setEncoding('utf8').on('data', (text: string) => { output.stdout += text; wake() })
  stderr.setEncoding('utf8').on('data', (text: string) => { output.stderr += text })
  let hasEnded = false
  const surroundings = { stdin, stdout, stderr, cwd: () => directory, on: signals.on.bind(signals), off: signals.off.bind(signals) }
  const ended = cli(args, surroundings as unknown as Surroundings).then(async (code) => {
    stdout.end()
    stderr.end()
    await Promise.all([finished(stdout), finished(stderr)])
    hasEnded = true
    wake()
    return { code, ...output }
  })
  const command = {
    stdin,
    ended,
    /** Resolves with the first group of the pattern, once standard output matches. */
    said: async (pattern: RegExp): Promise<string> => {
      for (let match = pattern.exec(output.stdout); ; match = pattern.exec(output.stdout)) {
        if (match != null) return match[1] ?? ''
        if (hasEnded) throw new Error(`ended without saying ${pattern}: ${output.stdout}${output.stderr}`)
        await new Promise<void>((resolve) => { wake = resolve })
      }
    },
    interrupt: (signal = 'SIGINT') => { signals.emit(signal); return ended }
  }
  running.add(command)
  return command
}

beforeEach(async () => { directory = await mkdtemp(join(tmpdir(), 'peerslab-peer-')) })
afterEach(async () => {
  await Promise.all([...running].map(({ interrupt }) => interrupt()))
  running.clear()
  await rm(directory, { recursive: true })
})

const contribute = async (url: string, query: string, body: string): Promise<string> => {
  const response = await fetch(`${url}/v1/contributions?${query}`, { method: 'POST', body })
  return ((await response.json()) as { cid: string }).cid
}

describe('peerslab peer', { timeout: limitMs }, () => {
  it('tells what it is, keeps everything, and ends when it is asked to', async () => {
    const first = start('peer', '-http', '-http-port', '0', ...quiet)
    const url = await first.said(/^http (.*)\nready$/m)
    const id = await first.said(/^peer (12D3\w+)\naddress \/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/12D3\w+\nlog \/orbitdb\/\w+\n/)
    const cid = await contribute(url, 'name=a.json&attributes.workload=sort', '{}')
    expect(await first.interrupt()).toMatchObject({ code: 0, stderr: '' })

    const second = start('peer', '--http', '--http-port', '0', ...quiet)
    const again = await second.said(/^http (.*)$/m)
    expect(await second.said(/^peer (.*)$/m)).toBe(id)
    expect(await (await fetch(`${again}/v1/files/${cid}`)).text()).toBe('{}')
    expect(await second.interrupt('SIGTERM')).toMatchObject({ code: 0, stderr: '' })
  })

  it('is a process that ends with 0 when it is interrupted', async () => {
    const child = spawn(process.execPath, [main, 'peer', ...quiet], { cwd: directory, signal: AbortSignal.timeout(limitMs), killSignal: 'SIGKILL' })
    const closed = once(child, 'close')
    let output = ''
    for await (const text of child.stdout.setEncoding('utf8')) {
      output += text
      if (output.endsWith('ready\n')) child.kill('SIGINT')
    }
    expect(await closed).toEqual([0, null])
  })

  it('lets no second one use its directory, port, or HTTP port', async () => {
    const first = start('peer', '--http', '--http-port', '0', ...quiet)
    const url = await first.said(/^http (.*)$/m)
    const port = await first.said(/^address \/ip4\/127\.0\.0\.1\/tcp\/(\d+)\//m)

    const [directoryInUse, portInUse, httpPortInUse] = await Promise.all([
      start('peer', ...quiet).ended,
      start('peer', '--directory', 'other', '--listen', `/ip4/127.0.0.1/tcp/${port}`).ended,
      start('peer', '--directory', 'third', ...quiet, '--http', '--http-port', new URL(url).port).ended
    ])

    expect([directoryInUse, portInUse, httpPortInUse].map(({ code }) => code)).toEqual([64, 64, 64])
    expect(directoryInUse.stderr).toMatch(/^peerslab: the store in .*peer-data is used by another PeersDB peer; .*\n$/)
    expect(portInUse.stderr).toMatch(/^peerslab: the peer cannot listen on .*; choose another port with --ipfs-port\n$/)
    expect(httpPortInUse.stderr).toMatch(/^peerslab: the HTTP interface cannot listen on .*--http-port\n$/)
  })

  it('takes commands from its shell, and ends with it', async () => {
    await writeFile(join(directory, 'sort.json'), '{"elapsed": 12}')
    const shell = start('peer', '--shell', '--benchmark', '--region', 'eu', '--download-dir', 'downloads', ...quiet)
    shell.stdin.write(`post "${join(directory, 'sort.json')}"\nquery\n`)
    const cid = await shell.said(/^\S+Z \/ipfs\/(\w+) 12D3\w+$/m)
    shell.stdin.write(`get ${cid}\nbenchmark\nquit\n`)
    const { code, stdout } = await shell.ended
    expect(code).toBe(0)
    expect(stdout).toContain('File uploaded\n')
    expect(stdout).toContain('"region":"eu"')
    expect(await readFile(join(directory, 'downloads', cid), 'utf8')).toBe('{"elapsed": 12}')
  })

  it('joins another, and keeps what it is told to keep', async () => {
    const first = start('peer', '--http', '--http-port', '0', ...quiet)
    const url = await first.said(/^http (.*)$/m)
    const address = await first.said(/^address (.*)$/m)
    const second = start('peer', '--directory', 'second', '--devlogs', '--pin', 'workload=sort', '--bootstrap', address, '--http', '--http-port', '0', ...quiet)
    const other = await second.said(/^http (.*)$/m)
    const events = await fetch(`${other}/v1/watch`)
    const [sort] = [await contribute(url, 'name=sort&attributes.workload=sort', 'kept'), await contribute(url, 'name=grep&attributes.workload=grep', 'not kept')]

    let heard = ''
    for await (const text of events.body!.pipeThrough(new TextDecoderStream())) {
      heard += text
      if (/event: file\n.*\n.*"sort"/.test(heard) && /event: contribution\n.*\n.*"grep"/.test(heard)) break
    }
    const held = await (await fetch(`${other}/v1/contributions?held=true`)).json() as { contributions: Array<{ cid: string }> }
    expect(held.contributions.map(({ cid }) => cid)).toEqual([sort])
  })
})

describe('peerslab query', { timeout: limitMs }, () => {
  it('gives the same from a daemon and from its directory', async () => {
    const daemon = start('peer', '--http', '--http-port', '0', ...quiet)
    const url = await daemon.said(/^http (.*)$/m)
    for (const count of [2, 4, 8]) await contribute(url, `name=n${count}&attributes.workload=sort&attributes.slots=${count}`, `${count}`)
    const query = ['query', '--where', 'workload=sort', '--where', 'slots=3..8']
    const formats = ['csv', 'ndjson', 'table']
    const online = await Promise.all(formats.map((format) => start(...query, '--format', format, '--url', url).ended))
    const limited = await start('query', '--format', 'ndjson', '--limit', '1', '--url', url).ended
    await daemon.interrupt()

    const offline = []
    for (const format of formats) offline.push(await start(...query, '--format', format, '--directory', 'peer-data').ended)

    expect(offline).toEqual(online)
    expect(online[0]?.stdout.split('\r\n').map((row) => row.split(',').filter((_, column) => [1, 2, 6, 7].includes(column)).join())).toEqual([
      'name,size,attributes.slots,attributes.workload', 'n8,1,8,sort', 'n4,1,4,sort', ''
    ])
    expect(online[2]?.stdout).toMatch(/^created +bytes {2}name +attributes\n\S+Z +1 {2}n8 +workload=sort slots=8\n\S+Z +1 {2}n4 /)
    expect(JSON.parse(limited.stdout)).toMatchObject({ name: 'n8', attributes: { slots: '8' } })
  })

  it('says what it cannot do', async () => {
    const nobody = ['--url', 'http://127.0.0.1:1']
    const [absent, none, both, where] = await Promise.all([
      start('query', ...nobody).ended, start('query', '--directory', 'nothing').ended, start('query', '--directory', 'x', ...nobody).ended,
      start('query', '--where', 'sort', ...nobody).ended
    ])
    expect(absent).toMatchObject({ code: 64, stderr: expect.stringContaining('no peer answers at http://127.0.0.1:1') })
    expect(none).toMatchObject({ code: 64, stderr: expect.stringMatching(/there is no peer in .*nothing; name the --directory/) })
    expect(both).toMatchObject({ code: 64, stderr: expect.stringContaining('keep either') })
    expect(where).toMatchObject({ code: 64, stderr: expect.stringContaining('"sort" names no attribute') })
  })
})

describe('peerslab peer watch', { timeout: limitMs }, () => {
  const name = 'r4.xlarge_i-0f4e4b248a6aa957a_terasort_spark_small_1'

  it('contributes through a daemon, and after that with a peer of its own, nothing twice', async () => {
    await mkdir(join(directory, 'records', name), { recursive: true })
    await writeFile(join(directory, 'records', name, 'report.json'), '{"completed": true}')
    await writeFile(join(directory, 'records', name, 'sar.csv'), 'timestamp,cpu.%usr\n2017-09-24 14:05:47,1.00\n')
    const daemon = start('peer', '--http', '--http-port', '0', ...quiet)
    const url = await daemon.said(/^http (.*)$/m)
    const watching = start('peer', 'watch', 'records', '--url', url)
    const cid = await watching.said(/^contributed (\w+) r4/m)
    expect(await watching.interrupt()).toEqual({ code: 0, stdout: `contributed ${cid} ${name}.zip\n`, stderr: '' })
    await daemon.interrupt()

    const own = start('peer', 'watch', 'records', '--directory', 'peer-data', ...quiet)
    await own.said(/^ready$/m)
    await writeFile(join(directory, 'records', 'sort.tsv'),
      'instance_count\tmachine_type\tslots\tmemory\tdata_size_MB\tgross_runtime\n2\tm4.xlarge\t1\t1\t1\t340\n')
    await own.said(/^contributed \w+ sort\/2-m4\.xlarge-1-1-1\.tsv$/m)
    const { code, stdout } = await own.interrupt()
    expect(code).toBe(0)
    expect(stdout.match(/^contributed/gm)).toHaveLength(1)
  })

  it('says what it cannot do', async () => {
    const [absent, nobody, both] = await Promise.all([
      start('peer', 'watch', 'records', '--directory', 'own', ...quiet).ended, start('peer', 'watch', 'records', '--url', 'http://127.0.0.1:1').ended,
      start('peer', 'watch', 'records', '--url', 'http://127.0.0.1:1', '--http').ended
    ])
    expect(absent).toMatchObject({ code: 64, stderr: expect.stringMatching(/^peerslab: the directory of records cannot be read: ENOENT/) })
    expect(nobody).toMatchObject({ code: 64, stderr: expect.stringMatching(/^peerslab: no peer answers at http:\/\/127\.0\.0\.1:1 /) })
    expect(both).toMatchObject({ code: 64, stderr: expect.stringMatching(/^peerslab: --url uses a daemon that runs already/) })
  })
})
