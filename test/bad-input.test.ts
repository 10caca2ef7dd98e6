import { existsSync } from 'node:fs'
import { cp, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { composition, makeBench } from './command.test-helper.ts'
import type { Bench } from './command.test-helper.ts'

const pair = [{ id: 'peers', count: 2 }]
const good = composition('replication', { network: 'lan', contributions: '4', interval_ms: '10' }, pair)

let bench: Bench
/** The folder of a run that went well. */
let folder: string

beforeAll(async () => {
  bench = await makeBench()
  await Promise.all([
    bench.write('good.toml', good),
    bench.write('unknown-key.toml', good.replace('[[groups]]', 'totl = 2\n[[groups]]').replace('[global.run.test_params]', '[global.run.test_parms]')),
    bench.write('number.toml', good.replace('"4"', '4')),
    bench.write('percentage.toml', good.replace('count = 2', 'percentage = 0.5')),
    bench.write('case.toml', good.replace('"replication"', '"replicaton"')),
    bench.write('few.toml', good.replace('count = 2', 'count = 1')),
    bench.write('many.toml', good.replace('count = 2', 'count = 1001')),
    bench.write('broken.toml', good.replace('"lan"', '"lan')),
    bench.write('region.toml', `${good}[groups.run.test_params]\nregion = "mars"\n`.replace('"lan"', '"gcp-six-regions"')),
    bench.write('no-role.toml', `${good}[groups.run.test_params]\nrole = "reader"\n`),
    bench.write('no-newcomer.toml', composition('bootstrapping', {}, [{ id: 'peers', count: 2, role: 'peer' }])),
    bench.write('two-seeds.toml', `${good}[groups.run.test_params]\nseed = "2"\n[[groups]]\nid = "more"\ninstances = { count = 1 }\n`),
    bench.write('profile.json', '{ "name": "mine" }'),
    bench.write('half.json', '{ "name": '),
    bench.write('full/a.txt', 'a'),
    bench.write('dangling/a.txt', 'a'),
    bench.write('c3o/sort.tsv', 'instance_count\tmachine_type\tslots\tmemory\tdata_size_MB\tgross_runtime\n4\tm\n'),
    bench.write('empty/.hidden', ''),
    bench.write('no-folder/notes.txt', ''),
    bench.write('half-record/run.json', '{ "schema": 1, "compo'),
    bench.write('no-case/run.json', JSON.stringify({
      composition: {
        file: 'x', name: 'x', metadata: {}, plan: 'peersdb', case: 'gossip-only', runConfig: {}, disableMetrics: false,
        runs: [{ id: 'default', totalInstances: 2, groups: [{ id: 'peers', count: 2, params: {} }] }]
      }
    })),
    bench.write('newer/run.json', '{ "schema": 2 }')
  ])
  await symlink('nowhere', join(bench.directory, 'dangling', 'b.txt'))
  const run = await bench.command(['run', 'good.toml', '--out', 'earlier', '--analyze', '--json'], bench.directory)
  expect(run).toMatchObject({ exitCode: 0 })
  folder = (JSON.parse(run.stdout) as { folder: string }).folder
}, 120_000)
afterAll(async () => { await bench.clear() })

describe('what cannot be understood is refused in one sentence that names the place and the cure:', () => {
  const set = (parameter: string): string[] => ['run', 'good.toml', '--set', parameter]

  it.each<[string, string[], RegExp]>([
    ['unknown key', ['run', 'unknown-key.toml'], /unknown-key\.toml:4: unknown key "test_parms" in \[global\.run\]; did you mean "test_params"\?/],
    ['number for a string', ['run', 'number.toml'], /number\.toml:6: "contributions" .* must be a string, but it is the integer 4; write contributions = "4"/],
    ['percentage without a total', ['run', 'percentage.toml'], /percentage\.toml:10: percentage of group "peers" needs a total; add total_instances/],
    ['case that is not there', ['run', 'case.toml'], /case\.toml:3: .* no test case "replicaton"; write case = "replication"/],
    ['too few instances', ['run', 'few.toml'], /few\.toml:8: .* has 1 instance, but test case "replication" takes 2 to 1000; change/],
    ['too many instances', ['run', 'many.toml'], /many\.toml:8: .* has 1001 instances, but test case "replication" takes 2 to 1000; change/],
    ['broken TOML', ['run', 'broken.toml'], /broken\.toml:5: /],
    ['no composition', ['run', 'nothing.toml'], /nothing\.toml/],
    ['a directory that is no run folder', ['run', 'full'], /full is a directory without run\.json; give a composition file/],
    ['region that the profile lacks', ['run', 'region.toml'], /group peers: .* gcp-six-regions has no region "mars": use one of \S+/],
    ['nobody who posts', ['run', 'no-role.toml'], /no group has role = "contributor".*give it/],
    ['nobody who joins', ['run', 'no-newcomer.toml'], /no group has role = "newcomer"/],
    ['a seed for each group', ['run', 'two-seeds.toml'], /parameter seed is "2" in one group and "1" in another; .*\[global\.run\.test_params\]/],
    ['profile that is not there', set('network=gcp'), /There is no network profile gcp: use one of none, lan/],
    ['profile file that is not there', set('network=nothing.json'), /nothing\.json is not there: check the path/],
    ['profile that is none', set('network=profile.json'), /profile\.json is not valid at .*: compare it with/],
    ['profile cut short', set('network=half.json'), /half\.json is not JSON/],
    ['corpus that is not there', set('corpus=nothing'), /Corpus directory \S+nothing does not exist\. Name one/],
    ['corpus that is a file', set('corpus=full/a.txt'), /a\.txt is not a directory\. Name the directory/],
    ['empty corpus', set('corpus=empty'), /empty/],
    ['corpus with an unreadable file', set('corpus=dangling'), /dangling\/b\.txt cannot be read: .* Put the file back/],
    ['C3O table with a short row', set('corpus=c3o'), /sort\.tsv:2 has 2 columns where the header .* has 6\. Repair the row/],
    ['unknown parameter', set('contribution=4'), /--set contribution=4: .* no parameter "contribution"; did you mean "contributions"\?/],
    ['parameter of another type', set('contributions=many'), /--set contributions=many: parameter "contributions" must be a whole number/],
    ['parameter out of its range', set('contributions=0'), /parameter contributions = "0" of case replication must be at least 1/],
    ['parameter with a value of its own', set('store=tape'), /parameter store = "tape" of case replication/],
    ['--set without =', set('contributions'), /--set contributions: write --set <parameter>=<value>/],
    ['--set without a name', set('=4'), /--set =4: write --set <parameter>=<value>/],
    ['seed that is no number', ['run', 'good.toml', '--seed', 'x'], /seed/],
    ['no time', ['run', 'good.toml', '--timeout', '0'], /--timeout must be a number of seconds above 0/],
    ['time that is no number', ['run', 'good.toml', '--timeout', 'abc'], /--timeout must be a number of seconds above 0/],
    ['more time than a timer carries', ['run', 'good.toml', '--timeout', '1e10'], /--timeout must be a number of seconds .* at most/],
    ['unknown runner', ['run', 'good.toml', '--runner', 'docker'], /there is no runner "docker"; use one of local/],
    ['runner that every object has', ['run', 'good.toml', '--runner', 'toString'], /there is no runner "toString"; use one of local/],
    ['calibration without a repeat', ['calibrate', '--repeat', '0'], /--repeat must be a whole number from 1 to 100/],
    ['calibration with half a seed', ['calibrate', '--seed', '1.5'], /--seed must be a whole number, 0 or more/],
    ['calibration without time', ['calibrate', '--timeout', '0'], /--timeout must be a number of seconds above 0/],
    ['table of costs for no file', ['costs'], /costs lacks .*"peerslab costs --help" shows/],
    ['table of costs where none can be written', ['costs', 'nothing/costs.json'], /cannot be written to nothing\/costs\.json \(ENOENT\); name a file/],
    ['unknown command', ['rum', 'good.toml'], /rum.*"peerslab --help" shows/],
    ['unknown option', ['run', 'good.toml', '--sed', '4'], /sed.*"peerslab run --help" shows/],
    ['option without its value', ['run', 'good.toml', '--timeout'], /timeout; "peerslab run --help" shows/],
    ['setting without its value', ['run', 'good.toml', '--set'], /set; "peerslab run --help" shows/],
    ['option twice', ['run', 'good.toml', '--seed', '1', '--seed', '2'], /--seed is given more than once; keep one/],
    ['no command', [], /name a command; "peerslab help" lists them/],
    ['run of nothing', ['run'], /run lacks .*"peerslab run --help" shows/],
    ['analysis of nothing', ['analyze'], /analyze lacks .*"peerslab analyze --help" shows/],
    ['analysis of what is not there', ['analyze', 'nothing'], /There is no run folder nothing: give/],
    ['analysis of no run folder', ['analyze', 'no-folder'], /no-folder is no run folder, .*: give/],
    ['analysis of a file', ['analyze', 'good.toml'], /good\.toml is a file and no run folder: give/],
    ['analysis of a newer run folder', ['analyze', 'newer'], /newer\/run\.json has schema 2, and this PeersLab reads schema 1: analyse it/],
    ['again from half a record', ['run', 'half-record'], /half-record\/run\.json is cut short; run its composition/],
    ['again with a case that is gone', ['run', 'no-case'], /no-case\/run\.json is a run of case "gossip-only", which this PeersLab does not have/]
  ])('%s', async (_, args, sentence) => {
    await expectRefused(args, sentence)
  })

  it('unknown parameter for an earlier run', async () => {
    await expectRefused(['run', folder, '--set', 'contribution=4'], /no parameter "contribution"; did you mean "contributions"\?/)
  })

  it('corpus that an earlier run cannot have, seen from where the command is', async () => {
    await expectRefused(['run', folder, '--set', 'corpus=nothing'], new RegExp(`Corpus directory ${join(bench.directory, 'nothing')} does not exist`))
  })

  it('directory of run folders that cannot be made', async () => {
    const { exitCode, stderr } = await bench.call(['run', 'good.toml', '--out', 'full/a.txt'], bench.directory)
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 64, stderr: expect.stringMatching(/^peerslab: no run folder can be made in \S+full\/a\.txt .*--out\n$/) as string
    })
  })

  it('also by the command as a process', async () => {
    await expectRefused(['run', 'case.toml'], /no test case "replicaton"/, true)
  })

  async function expectRefused (args: readonly string[], sentence: RegExp, asProcess = false): Promise<void> {
    const [first, ...rest] = args
    // What is analysed is looked for from where the process is.
    const command = asProcess || first === 'analyze' ? bench.command : bench.call
    const written = first === 'run' ? ['run', '--out', bench.out, ...rest] : args
    const { exitCode, signal, stdout, stderr } = await command(written, bench.directory)
    expect({ exitCode, signal, stdout }).toEqual({ exitCode: 64, signal: null, stdout: '' })
    expect(stderr).toMatch(/^peerslab: [^\n]+\n$/)
    expect(stderr).toMatch(sentence)
    expect(stderr).not.toMatch(/ {4}at |(?<!received )undefined|\[object/)
    expect(existsSync(bench.out)).toBe(false)
  }
})

describe('a run folder that is cut short is analysed as far as it goes', () => {
  it.each<[string, (copy: string) => Promise<void>, RegExp]>([
    ['without its outcome', (copy) => rm(join(copy, 'outcome.json')), /outcome\.json is missing/],
    ['with rows that end in the middle of one', async (copy) => {
      const rows = join(copy, 'instances', 'default', 'peers', '1', 'results.out')
      await truncate(rows, (await readFile(rows)).byteLength - 20)
    }, /peers\/1\/results\.out:\d+ is no row/],
    ['with half an outcome', (copy) => writeFile(join(copy, 'outcome.json'), '{ "verdict": "pa'), /outcome\.json/],
    ['without an instance', (copy) => rm(join(copy, 'instances', 'default', 'peers', '0'), { recursive: true }), /default\/peers\/0/],
    ['without its record', (copy) => rm(join(copy, 'run.json')), /run\.json is missing/]
  ])('%s', async (name, damage, warning) => {
    const copy = join(bench.directory, name.replaceAll(' ', '-'))
    await cp(folder, copy, { recursive: true })
    await Promise.all(['figures', 'report.html', 'summary.txt'].map((file) => rm(join(copy, file), { recursive: true })))
    await damage(copy)
    const { exitCode, stdout, stderr } = await bench.call(['analyze', copy])
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 2, stderr: expect.not.stringMatching(/ {4}at /) as string })
    expect(stdout).toContain('replication_file_ms')
    // Sentences are wrapped for reading.
    expect(stdout.replace(/\n\s+/g, ' ').replace(/- /g, '-')).toMatch(warning)
    expect(existsSync(join(copy, 'report.html'))).toBe(true)
    expect(existsSync(join(copy, 'figures', 'replication.svg'))).toBe(true)
  })
})

describe('the command teaches', () => {
  it.each([[['help']], [['--help']], [['-h']]])('with %s', async (args) => {
    const { exitCode, stdout, stderr } = await bench.command(args)
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })

    for (const word of ['run <composition>', 'analyze <folder>', 'list', 'help', 'Exit codes: 0 pass, 1 fail, 2 unknown, 64 usage error']) {
      expect(stdout).toContain(word)
    }
  })

  it('with run --help: every option, and examples', async () => {
    const { exitCode, stdout } = await bench.command(['run', '--help'])
    expect(exitCode).toBe(0)

    for (const word of ['--runner', '--set', '--seed', '--out', '--timeout', '--analyze', '--json', 'peerslab run composition/quick.toml']) {
      expect(stdout).toContain(word)
    }
  })

  it('with list: compositions, cases with their parameters, and networks', async () => {
    const { exitCode, stdout } = await bench.call(['list'])
    expect(exitCode).toBe(0)

    for (const word of ['composition/quick.toml', 'composition/paper-replication.toml', 'composition/paper-bootstrapping.toml', 'Case replication', 'Case bootstrapping', 'Case link', 'interval_ms=', 'gcp-six-regions']) {
      expect(stdout).toContain(word)
    }

    const json = JSON.parse((await bench.call(['list', '--json'])).stdout) as { compositions: Array<{ file: string }> }
    expect(json).toMatchObject({ cases: { link: {} }, networks: expect.arrayContaining(['none']) as string[] })
    expect(json.compositions.map(({ file }) => file)).toContain('composition/link.toml')
  })
})
