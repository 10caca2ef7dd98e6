import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { askedOneWayMs, loadProfile } from '../network/profile.ts'
import { alive, composition, makeBench, onlyFolder, readOutcome, readRecord, readRows, runFolders } from './command.test-helper.ts'
import type { SimulationSummary } from '../runners/sim/job.ts'
import type { Bench, Ended, ResultRow } from './command.test-helper.ts'

const groups = [{ id: 'peers', count: 3, role: 'peer' }, { id: 'newcomers', count: 1, role: 'newcomer' }]
const params = { network: 'gcp-six-regions', contributions: '6', interval_ms: '200' }

let bench: Bench
beforeAll(async () => { bench = await makeBench() })
afterAll(async () => { await bench.clear() })

const simulate = (name: string, file: string, ...args: string[]): Promise<Ended> =>
  bench.command(['run', file, '--runner', 'sim', '--out', join(bench.out, name), ...args])
const summaryOf = async (folder: string): Promise<SimulationSummary> =>
  JSON.parse(await readFile(join(folder, 'instances', 'default', 'simulation.json'), 'utf8')) as SimulationSummary

describe('a composition in virtual time', () => {
  let ended: Ended
  let folder: string
  let rows: ResultRow[]

  beforeAll(async () => {
    const file = await bench.write('virtual.toml', composition('bootstrapping', params, groups))
    ended = await simulate('one', file, '--seed', '7', '--analyze', '--trace')
    folder = await onlyFolder(join(bench.out, 'one'), 'virtual')
    rows = await readRows(folder)
  })

  it('passes, and is analysed as any other run, with its runner and fidelity named', async () => {
    expect(ended).toMatchObject({ exitCode: 0, signal: null })
    expect(ended.stdout).toMatch(/^pass: all 4 instances succeeded$/m)
    expect(await readRecord(folder)).toMatchObject({ runner: 'sim', fidelity: 'bandwidth', seed: 7 })
    expect(await readFile(join(folder, 'summary.txt'), 'utf8')).toContain('runner sim · fidelity bandwidth · seed 7')
    expect(ended.stderr).toMatch(/connected 3\/3 after/)
  })

  it('records what the plan measures, at times that the network alone decides', async () => {
    const profile = await loadProfile(params.network)
    const of = (name: string): ResultRow[] => rows.filter((row) => row.name === name)
    expect(of('replication_file_ms')).toHaveLength(12)
    expect(of('bootstrap_files_ms')).toHaveLength(1)
    expect(of('converged').map(({ measures }) => measures.value)).toEqual([1, 1, 1, 1])
    // An entry is pushed: it takes one way, the little that its bytes take at the rate of the flow, and jitter of a millisecond or so.
    const arrivals = of('replication_entry_ms').map(({ measures, tags }) =>
      (measures.value ?? NaN) - askedOneWayMs(profile, tags.from ?? '', tags.region ?? ''))
    expect(arrivals).toHaveLength(12)
    arrivals.forEach((beyondMs) => {
      expect(beyondMs).toBeGreaterThan(-2)
      expect(beyondMs).toBeLessThan(15)
    })
  })

  it('leaves Testground\'s layout, what the simulation was as a whole, and its events', async () => {
    const [summary, trace] = [await summaryOf(folder), await readFile(join(folder, 'instances', 'default', 'trace.txt'), 'utf8')]
    expect(await readdir(join(folder, 'instances', 'default', 'peers', '0'))).toEqual(['results.out', 'run.err', 'run.out'])
    expect(summary).toMatchObject({ traceSha256: expect.stringMatching(/^[0-9a-f]{64}$/), networkEvents: trace.trim().split('\n').length })
    expect(trace).toMatch(/^\d+\.\d{6} syn peers\/\d peers\/\d 1 0$/m)
    expect(trace).toMatch(/^\d+\.\d{6} data newcomers\/0 peers\/\d \d+ \d+ [0-9a-f]{16}$/m)
  })

  it('is the same again for the same seed, from its run folder too, and another for another', async () => {
    const { traceSha256 } = await summaryOf(folder)
    expect((await simulate('again', folder)).stdout).toMatch(/^It repeats virtual\/\S+; there against here:\nsurroundings: the same\noutcome: the same\nrows: the same, byte by byte\n/)
    expect((await simulate('other', folder, '--seed', '8')).stdout).toContain('\n  seed (7 against 8)\n')
    const [again, other] = [await onlyFolder(join(bench.out, 'again'), 'virtual'), await onlyFolder(join(bench.out, 'other'), 'virtual')]
    expect((await summaryOf(again)).traceSha256).toBe(traceSha256)
    expect(await readRows(again)).toEqual(rows)
    expect((await summaryOf(other)).traceSha256).not.toBe(traceSha256)
  })

  it('is verified by a command of its own', async () => {
    const { exitCode, stdout } = await bench.command(['verify', folder, '--seed', '3'])
    expect(stdout).toMatch(/^pass: both runs are the same, event by event and byte by byte \(pass: all 4 instances succeeded\)$/m)
    expect(exitCode).toBe(0)
  })

  it('runs a panel of seeds', async () => {
    const { exitCode, stdout } = await simulate('panel', folder, '--seeds', '1..2', '--json')
    const { verdict, runs } = JSON.parse(stdout) as { verdict: string, runs: Array<{ seed: number, folder: string, verdict: string }> }
    expect([exitCode, verdict, runs.map(({ seed }) => seed)]).toEqual([0, 'pass', [1, 2]])
    const records = await Promise.all(runs.map((run) => readRecord(run.folder)))
    expect(records.map(({ seed }) => seed)).toEqual([1, 2])
  })
})

describe('a simulation that goes wrong', () => {
  it('and fails tells the one command that shows the same again, with its events', async () => {
    const figure = (value: number): object => ({ value, kind: 'assumption', source: 'test' })
    const network = await bench.write('slow.json', JSON.stringify({
      name: 'slow', description: 'slower than the case waits', sources: { test: 'test' }, regions: ['a'], anyRegion: false,
      latency: { unit: 'ms', kind: 'round-trip', everyPair: figure(1_400), links: [] }, jitter: null, bandwidth: null, loss: null
    }))
    const file = await bench.write('failing.toml', composition('replication', { network, contributions: '2', timeout_secs: '1' }, [{ id: 'peers', count: 2 }]))
    const { exitCode, stdout } = await simulate('failing', file)
    expect(exitCode).toBe(1)
    expect(stdout).toMatch(/^fail: instance peers\/\d failed \(exit code 1\): /m)
    const again = /^the same again, with its events: peerslab (run .* --runner sim --trace)$/m.exec(stdout)?.[1]
    const repeated = await bench.command([...again?.split(' ') ?? [], '--out', join(bench.out, 'repeated')])
    expect(repeated.stdout.split('\n')).toContain(stdout.split('\n')[0])
    expect((await stat(join(await onlyFolder(join(bench.out, 'repeated'), 'failing'), 'instances', 'default', 'trace.txt'))).size).toBeGreaterThan(0)
  })

  it('is ended at the end of its virtual time, with what each instance waits for', async () => {
    const file = await bench.write('endless.toml', composition('replication', { ...params, interval_ms: '100000' }, [{ id: 'peers', count: 2 }]))
    const { exitCode, stdout } = await simulate('endless', file, '--virtual-timeout', '5')
    expect(exitCode).toBe(2)
    expect(stdout).toMatch(/^unknown: the run was ended after 5 s of virtual time, its time-out; peers\/\d waits for .*/m)
    const { runs } = await readOutcome(await onlyFolder(join(bench.out, 'endless'), 'endless'))
    expect(runs[0]?.instances.map(({ outcome, stopped }) => [outcome, stopped])).toEqual([['missing', true], ['missing', true]])
  })

  it('is ended at the end of its real time, and when the user interrupts, and leaves no process', async () => {
    const file = await bench.write('long.toml', composition('replication', { ...params, contributions: '5000', interval_ms: '60000' }, [{ id: 'peers', count: 3 }]))
    const timed = await simulate('timed', file, '--timeout', '4')
    expect([timed.exitCode, timed.stdout.split('\n')[0]]).toEqual([2, 'unknown: the run was ended after 4 s, its time-out; give it more with --timeout'])
    const command = bench.start(['run', file, '--runner', 'sim', '--out', join(bench.out, 'interrupted')])
    await command.said(/connected 3\/3/)
    command.kill('SIGINT')
    const { exitCode, stdout } = await command.ended
    expect([exitCode, stdout.split('\n')[0]]).toEqual([2, 'unknown: the run was interrupted'])
    expect(alive(command.pid)).toBe(false)
  })
})

describe('what a simulation cannot do is refused before anything starts', () => {
  it.each<[string, readonly string[], string]>([
    ['a level that leaves out what the network gives', ['--runner', 'sim', '--level', 'ideal'],
      'The level ideal does not model the bandwidth of the network profile gcp-six-regions: use bandwidth.'],
    ['an option of simulations for processes', ['--trace'], 'the runner local has no option "trace", which is about simulations; leave it out, or add --runner sim'],
    ['a table of costs that is not there', ['--runner', 'sim', '--costs', 'nothing.json'], 'the table of costs nothing.json cannot be read (ENOENT); make one with: peerslab costs nothing.json'],
    ['no virtual time', ['--runner', 'sim', '--virtual-timeout', '0'], '--virtual-timeout must be a number of seconds above 0'],
    ['seeds that are none', ['--runner', 'sim', '--seeds', '3..1'], '--seeds 3..1: "3..1" is no seed and no range of at most 1000; write 1..20, or 1,2,5'],
    ['seeds beside a seed', ['--runner', 'sim', '--seeds', '1..2', '--seed', '1'], '--seeds 1..2: leave out --seed, which is about one run']
  ])('%s', async (_, args, sentence) => {
    const file = await bench.write('refused.toml', composition('replication', params, [{ id: 'peers', count: 2 }]))
    const { exitCode, stderr } = await bench.run(file, ...args)
    expect([exitCode, stderr.trim().split('\n').at(-1)]).toEqual([64, `peerslab: ${sentence}`])
    expect(await runFolders(bench.out, 'refused')).toEqual([])
  })
})
