import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { composition, makeBench, root } from './command.test-helper.ts'
import type { Bench } from './command.test-helper.ts'

const pair = [{ id: 'peers', count: 2 }]
const tables = ['grep', 'kmeans', 'pagerank', 'sgd', 'sort'].map((job) => `${job}.tsv`)
const network = (latency: object): string => JSON.stringify({
  name: 'mine',
  description: 'Two regions.',
  sources: { me: 'Made up.' },
  regions: ['a', 'b'],
  anyRegion: false,
  latency: { unit: 'ms', kind: 'one-way', links: [], ...latency },
  jitter: null,
  bandwidth: null,
  loss: null
})
const figure = { kind: 'assumption', source: 'me' }
const crash = { atMs: 100, kind: 'crash', instances: ['peers/7'] }
const cut = { atMs: 100, kind: 'partition', sides: [['peers/0'], ['peers/1']] }
const described = ['--name', 'mine', '--source', 'Made up.']
const numbers = Array.from({ length: 100 }, (_, i) => i + 1).join(',')

let bench: Bench

beforeAll(async () => {
  bench = await makeBench()
  const under = (faults: string): string => composition('churn', { network: 'lan', contributions: '4', faults }, pair)
  await Promise.all([
    bench.write('good.toml', composition('replication', { network: 'lan', contributions: '4', interval_ms: '10' }, pair)),
    bench.write('stranger.toml', under('stranger.json')),
    bench.write('stranger.json', JSON.stringify({ endMs: 1_000, events: [crash] })),
    bench.write('overlap.toml', under('overlap.json')),
    bench.write('overlap.json', JSON.stringify({ endMs: 1_000, events: [cut, { ...cut, atMs: 200 }] })),
    bench.write('negative.json', network({ matrix: { rows: [[0, 1], [-3, 0]], ...figure } })),
    bench.write('missing.json', network({ matrix: { rows: [[0, 1], [null, 0]], ...figure } })),
    bench.write('short.json', network({ matrix: { rows: [[0, 1], [0]], ...figure } })),
    bench.write('negative.csv', 'rtt,a,b\na,1,-3\nb,2,1\n'),
    bench.write('missing.csv', 'rtt,a,b\na,1,\nb,2,1\n'),
    bench.write('other-case.toml', composition('replication', { network: 'lan', churn: 'kad-first' }, pair)),
    ...tables.map((name) => bench.write(`tables/${name}`, 'machine_type\tinstance_count\tgross_runtime\nm4\t4\t10\n'))
  ])
}, 120_000)
afterAll(async () => { await bench.clear() })

describe('an experiment that could not be what was meant is refused in one sentence, before anything starts:', () => {
  it.each<[string, string[], RegExp]>([
    ['tables that are not those of their MD5', ['corpus', 'import', 'c3o', 'tables', 'c3o'], /tables\/\w+\.tsv is not the one of the C3O data set: its MD5 is [0-9a-f]{32}, not [0-9a-f]{32}\. Fetch it again/],
    ['a fault of an instance that is not there', ['run', 'stranger.toml'], /stranger\.json: event 1 \(crash at 100 ms\): there is no instance, group or region "peers\/7"; name one of peers\/0, peers\/1/],
    ['partitions at the same time', ['run', 'overlap.toml'], /overlap\.json: event 2 \(partition at 200 ms\): another partition holds then, and two cannot overlap; heal the first one before/],
    ['a negative latency', ['run', 'good.toml', '--set', 'network=negative.json'], /negative\.json is not valid at latency\.matrix\.rows/],
    ['a latency that is missing', ['run', 'good.toml', '--set', 'network=missing.json'], /missing\.json .*fill the cell latency\.matrix\.rows\[1\]\[0\]/],
    ['a row that is short', ['run', 'good.toml', '--set', 'network=short.json'], /short\.json .*give every region a row, and every row a cell for each region/],
    ['a negative cell of a table', ['network', 'import', 'negative.csv', 'mine.json', ...described], /negative\.csv has "-3" from a to b at line 2/],
    ['an empty cell of a table', ['network', 'import', 'missing.csv', 'mine.json', ...described], /missing\.csv has nothing from a to b at line 2: give a number/],
    ['ten thousand runs', ['run', 'good.toml', '--matrix', `contributions=${numbers}`, '--repeat', '100'], /this would start 10,000 runs \(100 combinations x 100 seeds\); add --yes/],
    ['a parameter of another case', ['run', 'other-case.toml'], /other-case\.toml:\d+: .*test case "replication" has no parameter "churn"/]
  ])('%s', async (_, args, sentence) => {
    const before = readdirSync(bench.directory).sort()
    const written = args[0] === 'run' ? [...args, '--out', bench.out] : args
    const { exitCode, stdout, stderr } = await bench.command(written, bench.directory)
    expect({ exitCode, stdout }).toEqual({ exitCode: 64, stdout: '' })
    expect(stderr).toMatch(/^peerslab: [^\n]+\n$/)
    expect(stderr).toMatch(sentence)
    expect(readdirSync(bench.directory).sort()).toEqual(before)
  })
})

/** Runs a script on a small disk of its own, which its namespace alone sees; undefined where this machine has no such disks. */
function onSmallDisk (script: string): { status: number | null, stdout: string, stderr: string } | undefined {
  const mount = `mkdir -p '${bench.directory}/small' && mount -t tmpfs -o size=200k tmpfs '${bench.directory}/small' || exit 99\ncd '${bench.directory}'\n`
  const { status, stdout, stderr, error } = spawnSync('unshare', ['--user', '--map-root-user', '--mount', 'sh', '-c', mount + script], {
    encoding: 'utf8', timeout: 60_000
  })
  return error != null || status === 99 || stderr.startsWith('unshare:') ? undefined : { status, stdout, stderr }
}

const hasSmallDisks = process.platform === 'linux' && spawnSync('unshare', ['--user', '--map-root-user', '--mount', 'true']).status === 0

it.skipIf(!hasSmallDisks)('a corpus that fills the disk is given up, and what was written of it makes room again', { timeout: 60_000 }, () => {
  const main = join(root, 'dist', 'cli', 'main.js')
  const generate = `'${process.execPath}' '${main}' corpus generate small/new --preset small`
  const ended = onSmallDisk(`${generate}; code=$?; ls -A small; exit $code`)
  expect(ended).toMatchObject({ status: 64, stdout: '' })
  expect(ended?.stderr)
    .toMatch(/peerslab: Directory \S*small\/new cannot be written: the disk is full\. Make room, .*\. Nothing is left of it\.\n$/)
  expect(existsSync(join(bench.directory, 'small', 'new'))).toBe(false)
})
