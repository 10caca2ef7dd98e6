import { existsSync } from 'node:fs'
import { readdir, readFile, readlink, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { composition, makeBench, onlyFolder, readOutcome, readRecord, readRows, root } from './command.test-helper.ts'
import type { Bench, Ended, ResultRow } from './command.test-helper.ts'

const lan = { network: 'lan', contributions: '6', interval_ms: '10' }
/** Real files; part of the environment that the project is developed in, not of the project. */
const c3o = '../shared/data/c3o'

let bench: Bench
beforeAll(async () => { bench = await makeBench() })
afterAll(async () => { await bench.clear() })

const named = (rows: readonly ResultRow[], name: string): ResultRow[] => rows.filter((row) => row.name === name)
const distinct = (values: ReadonlyArray<string | undefined>): string[] => [...new Set(values.map(String))].sort()

describe('a run of the bootstrapping case, analysed', () => {
  let ended: Ended
  let folder: string
  let rows: ResultRow[]
  const peers = ['default/peers/0', 'default/peers/1', 'default/peers/2']
  const newcomers = ['default/newcomers/0']

  beforeAll(async () => {
    const file = await bench.write('boot.toml', composition('bootstrapping', { ...lan, contributions: '50' }, [
      { id: 'peers', count: 3, role: 'peer' }, { id: 'newcomers', count: 1, role: 'newcomer' }
    ]))
    ended = await bench.run(file, '--set', 'contributions=6', '--seed', '7', '--timeout', '50', '--analyze')
    folder = await onlyFolder(bench.out, 'boot')
    rows = await readRows(folder)
  })

  it('passes and says so, with the table and where the report is', () => {
    expect(ended).toMatchObject({ exitCode: 0, signal: null })
    expect(ended.stdout).toContain('Verdict pass')
    expect(ended.stdout).toMatch(/^pass: all 4 instances succeeded$/m)
    expect(ended.stdout).toMatch(/^report: .*out\/boot\/.*\/report\.html$/m)
  })

  it('tells its progress on stderr in one line for each phase', () => {
    expect(ended.stderr).not.toContain('\r')
    const phases = ended.stderr.split('\n').filter((line) => / \d+\/\d+ after [\d.]+ s$/.test(line))
    expect(phases.map((line) => line.replace(/ after .*/, ''))).toEqual([
      'boot: connected 3/3', 'boot: filled 3/3', 'boot: joined 1/1', 'boot: judged 4/4'
    ])
  })

  it('leaves the run folder of the design, and nothing half-written in it', async () => {
    const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1)).sort()
    expect(files).toEqual([
      ...['bootstrapping', 'replication', 'replication-by-region', 'replication-matrix', 'traffic']
        .flatMap((name) => ['csv', 'pdf', 'png', 'svg', 'vl.json'].map((type) => `figures/${name}.${type}`)),
      ...['bootstrapping', 'replication_entry_ms', 'replication_file_ms', 'resources', 'traffic']
        .flatMap((name) => ['csv', 'md', 'tex'].map((type) => `tables/${name}.${type}`)),
      ...[...newcomers, ...peers].flatMap((place) => ['results.out', 'run.err', 'run.out'].map((name) => `instances/${place}/${name}`)),
      'outcome.json', 'report.html', 'ro-crate-metadata.json', 'run.json', 'summary.txt'
    ].sort())
    expect(await readlink(join(bench.out, 'boot', 'latest'))).toBe(folder.split('/').at(-1))
    expect((await readFile(join(folder, 'figures', 'replication.png'))).subarray(1, 4).toString()).toBe('PNG')
  })

  it('records what was run: the parameters that held, the seed, the command and the versions', async () => {
    const record = await readRecord(folder)
    expect(record).toMatchObject({ schema: 1, seed: 7, runner: 'local', plan: 'peersdb', case: 'bootstrapping', network: { name: 'lan' } })
    expect(record.command).toEqual(['run', join(bench.directory, 'boot.toml'), '--runner', 'local', '--timeout', '50', '--set', 'contributions=6', '--seed', '7'])
    expect(record.runs.map(({ id }) => id)).toEqual(['default'])

    for (const { params } of record.runs[0]!.groups) {
      expect(params).toMatchObject({ contributions: '6', seed: '7', interval_ms: '10' })
    }

    expect(record.versions.node).toBe(process.versions.node)
    expect(Date.parse(record.endedAt!)).toBeGreaterThan(Date.parse(record.startedAt))
    const outcome = await readOutcome(folder)
    expect(outcome.verdict).toBe('pass')
    expect(outcome.runs[0]!.instances.map(({ group, index, outcome: how }) => `${group}/${index} ${how}`).sort())
      .toEqual(['newcomers/0 success', 'peers/0 success', 'peers/1 success', 'peers/2 success'])
  })

  it('has a row for every peer and every contribution that it did not post itself', () => {
    for (const name of ['replication_entry_ms', 'replication_file_ms']) {
      const pairs = named(rows, name).map(({ instance, tags }) => `${instance} ${tags.cid}`)
      expect(distinct(named(rows, name).map(({ tags }) => tags.cid))).toHaveLength(6)
      expect(pairs).toHaveLength(6 * (peers.length - 1))
      expect(distinct(pairs)).toHaveLength(pairs.length)
      expect(named(rows, name).every(({ measures }) => (measures.value ?? -1) > 0 && measures.censored == null)).toBe(true)
    }
  })

  it('has rows of every metric of the case, from the instances that it is about', () => {
    const from = (name: string): string[] => distinct(named(rows, name).map(({ instance }) => instance))
    const all = [...newcomers, ...peers]

    for (const name of ['converged', 'bytes_sent', 'bytes_received', 'protocol_bytes_sent', 'protocol_bytes_received', 'redundancy', 'rss_bytes', 'cpu_ms', 'cpu_percent', 'event_loop_delay_ms']) {
      expect({ name, from: from(name) }).toEqual({ name, from: all })
    }

    for (const name of ['bootstrap_log_ms', 'bootstrap_files_ms', 'bootstrap_entries_held', 'bootstrap_files_held']) {
      expect({ name, from: from(name) }).toEqual({ name, from: newcomers })
    }

    expect(from('start_ms')).toEqual(peers)
    expect(from('idle_rss_bytes')).toEqual(peers)
    expect(named(rows, 'converged').map(({ measures }) => measures.value)).toEqual([1, 1, 1, 1])
    expect(named(rows, 'bootstrap_files_ms')[0]).toMatchObject({ tags: { peers_before: '3', files: '6' } })
    expect(named(rows, 'bootstrap_files_held').at(-1)?.measures).toMatchObject({ value: 6, of: 6 })
  })

  it('writes a report that opens offline, and a summary that is the table', async () => {
    const html = await readFile(join(folder, 'report.html'), 'utf8')
    expect(html.match(/<svg/g)?.length).toBeGreaterThanOrEqual(2)
    expect(html).not.toMatch(/(?:src|href)="?(?:https?:)?\/\//)
    expect(ended.stdout).toContain(await readFile(join(folder, 'summary.txt'), 'utf8'))
  })

  it('runs again from its folder, with what is set now', async () => {
    const again = await bench.run(folder, '--set', 'contributions=4', '--json')
    expect(again).toMatchObject({ exitCode: 0 })
    const { folder: other, repeat } = JSON.parse(again.stdout)
    expect(repeat).toMatchObject({ isSameBytes: false, outcome: [] })
    expect(repeat.surroundings).toEqual([expect.stringMatching(/^contributions \(\d+ against 4\)$/)])
    expect(other).not.toBe(folder)
    const [before, after] = [await readRecord(folder), await readRecord(other)]
    const [group] = before.runs[0]!.groups
    expect(after).toMatchObject({ case: 'bootstrapping', seed: 7 })
    expect(after.runs[0]!.groups[0]).toEqual({ ...group, params: { ...group!.params, contributions: '4' } })
    expect(distinct(named(await readRows(other), 'replication_file_ms').map(({ tags }) => tags.cid))).toHaveLength(4)
  })
})

describe('a run of the bootstrapping case in rounds', () => {
  it('lets so many newcomers join at once, each connected to all, and the last round with fewer', async () => {
    const file = await bench.write('rounds.toml', composition('bootstrapping', { ...lan, joins_at_once: '2' }, [
      { id: 'peers', count: 2, role: 'peer' }, { id: 'newcomers', count: 5, role: 'newcomer' }
    ]))
    const ended = await bench.run(file)
    expect(ended).toMatchObject({ exitCode: 0, signal: null })
    expect(ended.stderr).toMatch(/^rounds: joined 5\/5 after/m)
    const rows = await readRows(await onlyFolder(bench.out, 'rounds'))

    for (const name of ['bootstrap_log_ms', 'bootstrap_files_ms']) {
      const own = named(rows, name)
      expect(own.map(({ tags }) => tags.peers_before).sort()).toEqual(['2', '2', '4', '4', '6'])
      expect(own.every(({ measures }) => (measures.value ?? -1) > 0 && measures.censored == null)).toBe(true)
    }

    // All rows of one newcomer tell of the same round.
    const rounds = distinct(rows.flatMap(({ instance, tags }) => tags.peers_before == null ? [] : [`${instance} ${tags.peers_before}`]))
    expect(rounds.map((round) => round.split(' ')[0])).toEqual([0, 1, 2, 3, 4].map((index) => `default/newcomers/${index}`))
    expect(named(rows, 'converged').map(({ measures }) => measures.value)).toEqual([1, 1, 1, 1, 1, 1, 1])
  })
})

describe('a run of the replication case', () => {
  it('prints one JSON object with --json, as its analysis does, and writes below --out from anywhere', async () => {
    await bench.write('rep.toml', composition('replication', { ...lan, store: 'disk' }, [
      { id: 'writers', count: 2 }, { id: 'readers', count: 1, role: 'reader' }
    ]))
    const { exitCode, stdout } = await bench.command(['run', 'rep.toml', '--json', '--out', 'here'], bench.directory)
    const result = JSON.parse(stdout)
    expect({ exitCode, result }).toEqual({
      exitCode: 0,
      result: { verdict: 'pass', reason: 'all 3 instances succeeded', folder: await onlyFolder(join(bench.directory, 'here'), 'rep'), report: null }
    })
    const rows = await readRows(result.folder)
    expect(named(rows, 'replication_file_ms').filter(({ instance }) => instance === 'default/readers/0')).toHaveLength(6)
    expect(named(rows, 'converged').map(({ measures }) => measures.value)).toEqual([1, 1, 1])

    const analysis = await bench.command(['analyze', '--json', result.folder])
    expect(analysis).toMatchObject({ exitCode: 0 })
    expect(JSON.parse(analysis.stdout)).toMatchObject({ complete: true, rows: rows.length, report: join(result.folder, 'report.html') })
  })

  it('posts the same files in the same order for the same seed, and others for another', async () => {
    const file = await bench.write('seed.toml', composition('replication', { ...lan, contributions: '4' }, [{ id: 'peers', count: 2 }]))
    const cids = async (seed: string): Promise<string[]> => {
      const { exitCode, stdout } = await bench.run(file, '--json', '--seed', seed)
      expect(exitCode).toBe(0)
      return distinct(named(await readRows(JSON.parse(stdout).folder), 'replication_file_ms').map(({ tags }) => tags.cid))
    }
    const first = await cids('1')
    expect(first).toHaveLength(4)
    expect(await cids('1')).toEqual(first)
    expect(await cids('2')).not.toEqual(first)
  }, 90_000)

  it('carries out its [[runs]] one after another, in the order of the file', async () => {
    const runs = ['second', 'first'].map((id) => `[[runs]]\nid = "${id}"\n[[runs.groups]]\nid = "peers"\n`).join('')
    const file = await bench.write('twice.toml', composition('replication', lan, [{ id: 'peers', count: 2 }]) + runs)
    const { exitCode, stdout, stderr } = await bench.run(file)
    expect({ exitCode, stdout }).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^pass: /) as string })
    const folder = await onlyFolder(bench.out, 'twice')
    expect((await readdir(join(folder, 'instances'))).sort()).toEqual(['first', 'second'])
    expect((await readOutcome(folder)).runs.map(({ id, verdict }) => `${id} ${verdict}`))
      .toEqual(['second pass', 'first pass'])
    expect(stderr.indexOf('twice, run second: judged 2/2')).toBeGreaterThan(-1)
    expect(stderr.indexOf('twice, run first: case')).toBeGreaterThan(stderr.indexOf('twice, run second: judged 2/2'))
  })

  it('replicates a directory of one\'s own files, each byte of it', async () => {
    const sizes = [1, 1000, 300_000]
    await Promise.all(sizes.map((size) => bench.write(`files/f${size}.bin`, 'x'.repeat(size))))
    await bench.write('own.toml', composition('replication', { ...lan, corpus: 'files' }, [{ id: 'peers', count: 2 }]))
    const { exitCode } = await bench.run(join(bench.directory, 'own.toml'))
    expect(exitCode).toBe(0)
    const rows = await readRows(await onlyFolder(bench.out, 'own'))
    expect(named(rows, 'replication_file_ms').map(({ tags }) => Number(tags.bytes)).sort((a, b) => a - b)).toEqual(sizes)
    expect(named(rows, 'converged').map(({ measures }) => measures.value)).toEqual([1, 1])
  })

  it('replicates real C3O data', async ({ skip }) => {
    skip(!existsSync(join(root, c3o)), `${c3o} is not there`)
    const file = await bench.write('c3o.toml', composition('replication', { ...lan, contributions: '12' }, [{ id: 'peers', count: 4 }]))
    const { exitCode } = await bench.run(file, '--set', `corpus=${c3o}`)
    expect(exitCode).toBe(0)
    const folder = await onlyFolder(bench.out, 'c3o')
    const rows = await readRows(folder)
    expect(named(rows, 'converged').map(({ measures }) => measures.value)).toEqual([1, 1, 1, 1])
    expect(distinct(named(rows, 'replication_file_ms').map(({ tags }) => tags.cid))).toHaveLength(12)
    expect((await readRecord(folder)).runs[0]!.groups[0]!.params.corpus).toBe(join(root, c3o))
  })
})

describe('a run of the link case', () => {
  it('measures every pair beside what a profile of one\'s own asks for, and shapes it so', async () => {
    const figure = { kind: 'assumption', source: 'test' }
    await bench.write('two.json', JSON.stringify({
      name: 'two', description: 'Two regions.', sources: { test: 'Made up.' }, regions: ['east', 'west'], anyRegion: false,
      latency: {
        unit: 'ms', kind: 'round-trip', everyPair: { value: 0, ...figure }, links: [{ from: 'east', to: 'west', value: 100, ...figure }]
      },
      jitter: null,
      bandwidth: { unit: 'bit/s', flow: { kind: 'constant', rate: { value: 20_000_000, ...figure } }, uplink: null, downlink: null },
      loss: null
    }))
    // Long enough that a stall of this machine, on which other tests run too, is small against it.
    await bench.write('ends.toml', composition('link', { network: 'two.json', throughput_bytes: '8000000' }, [{ id: 'ends', count: 2 }]))
    const { exitCode, stdout } = await bench.run(join(bench.directory, 'ends.toml'), '--analyze')
    expect({ exitCode, stdout }).toMatchObject({ exitCode: 0 })
    const folder = await onlyFolder(bench.out, 'ends')
    const rows = await readRows(folder)
    const [roundTrip, ...others] = named(rows, 'link_rtt_ms')
    expect(others).toEqual([])
    expect(roundTrip).toMatchObject({ instance: expect.stringMatching(/^default\/ends\/[01]$/) as string, measures: { asked: 100 } })
    // What the case itself judges by, or it would not have passed.
    expect(Math.abs((roundTrip?.measures.value ?? NaN) - 100)).toBeLessThanOrEqual(5)
    const throughput = named(rows, 'link_throughput_bits_per_second')
    expect(throughput.map(({ tags: { from, to } }) => `${from} ${to}`).sort()).toEqual(['east west', 'west east'])

    for (const { measures } of throughput) {
      expect(measures.asked).toBe(20_000_000)
      expect((measures.value ?? NaN) / 20_000_000).toBeGreaterThan(0.5)
      expect((measures.value ?? NaN) / 20_000_000).toBeLessThan(1.1)
    }

    expect((await stat(join(folder, 'figures', 'link.svg'))).size).toBeGreaterThan(1000)
  })

  it('measures three instances where nothing is shaped: every pair once, each of them in both directions', async () => {
    const file = await bench.write('near.toml', composition('link', { network: 'none', pings: '5', throughput_bytes: '65536' }, [{ id: 'ends', count: 3 }]))
    expect(await bench.run(file)).toMatchObject({ exitCode: 0 })
    const rows = await readRows(await onlyFolder(bench.out, 'near'))
    expect(named(rows, 'link_rtt_ms')).toHaveLength(3)
    expect(named(rows, 'link_throughput_bits_per_second')).toHaveLength(6)
  })
})
