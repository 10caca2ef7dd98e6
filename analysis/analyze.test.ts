import { createHash } from 'node:crypto'
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { analyze, RunFolderError } from './index.ts'
import { outcomeRecord, row, runRecord, wholeFolder, writeInstance } from './folder.test-helper.ts'

let folder: string
beforeEach(async () => { folder = await wholeFolder() })
afterEach(async () => { await rm(folder, { recursive: true, force: true }) })

const failing = async (path: string): Promise<Error> => await analyze(path, { forms: ['svg'] }).then(() => { throw new Error('nothing was thrown') }, (error: unknown) => error as Error)

async function digests (): Promise<Record<string, string>> {
  const names = ['summary.txt', 'report.html', ...(await readdir(join(folder, 'figures'))).sort().map((name) => `figures/${name}`)]
  const entries = names.map(async (name) => [name, createHash('sha256').update(await readFile(join(folder, name))).digest('hex')])
  return Object.fromEntries(await Promise.all(entries)) as Record<string, string>
}

describe('a whole run folder', () => {
  it('becomes a table, all its figures in five forms and a report, with the same bytes each time, and leaves no temporary file', async () => {
    const steps: string[] = []
    const analysis = await analyze(folder, { onProgress: (sentence) => steps.push(sentence) })
    expect(analysis).toMatchObject({ complete: true, rows: 344, report: expect.stringMatching(/report\.html$/) as string })
    expect((await readdir(join(folder, 'figures'))).sort()).toEqual(['bootstrapping', 'replication-by-region', 'replication-matrix', 'replication'].flatMap((name) => ['csv', 'pdf', 'png', 'svg', 'vl.json'].map((extension) => `${name}.${extension}`)))
    expect(analysis.figures).toHaveLength(20)
    expect(steps).toHaveLength(6)
    expect(await readFile(join(folder, 'summary.txt'), 'utf8')).toBe(analysis.table)
    expect(analysis.table).toMatch(/^Verdict pass: all hold the same\n/)
    expect(analysis.table).toMatch(/southamerica-east1 +25 +\d+ +\[\d+, \d+\] +> \d+ +- +> 3000 +5\n/)
    expect(await readFile(join(folder, 'tables/replication_file_ms.tex'), 'utf8')).toMatch(/southamerica-east1 & 25 & .*\$>\$\\,\\num\{3000\} & 5 \\\\\n.*waits ran out/s)
    expect(analysis.warnings.join('\n')).toContain('needs 6 runs for a 95 % interval, and this folder has 1')
    expect(analysis.warnings.join('\n')).toContain('replication_file_ms: 5 of 150 waits ran out (> 3000 ms)')
    const png = await readFile(join(folder, 'figures', 'replication.png'))
    expect(png.subarray(1, 4).toString()).toBe('PNG')
    expect(png.readUInt32BE(16)).toBe(4 * 516)
    expect(png.length).toBeGreaterThan(20_000)
    const first = await digests()
    await analyze(folder)
    expect(await digests()).toEqual(first)
    expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([])
  })

  it('tells on the terminal what matters, in order, and the rest in the report', async () => {
    const { table, report } = await analyze(folder, { forms: ['svg'] })
    const [, ran, source] = table.split('\n')
    expect(ran).toMatch(/^peersdb replication · 6 peers, 2 newcomers · 40 s · .+\/peerslab-analysis-/)
    expect(source).toBe('runner local · fidelity bandwidth · seed 7 · network gcp-six-regions')
    const parts = ['Verdict', 'Replication of log entries', 'Replication of files', 'Bootstrapping', 'Resources', 'Warnings']
    const places = parts.map((part) => table.indexOf(part))
    expect(places).toEqual(places.toSorted((a, b) => a - b))
    expect(places).not.toContain(-1)
    expect(table).not.toMatch(/node 24\.0\.0|six regions|bootstrap_log_ms, /)
    expect(table.split('\n').every((line) => line.length <= 125)).toBe(true)
    const html = await readFile(report, 'utf8')
    for (const part of ['node 24.0.0', 'six regions', 'bootstrap_log_ms, in ms', 'What the metrics mean']) expect(html).toContain(part)
    const headings = [...html.matchAll(/<h2 id="([a-z]+)"/g)].map(([, id]) => id)
    expect(headings).toEqual(['figures', 'numbers', 'details', 'warnings', 'again', 'run'])
    expect(html).toMatch(/<svg role="img" aria-label="Replication: [^"]+"[^>]*><title>Replication: /)
  })

  it('shows "-" for rows without a region', async () => {
    await writeInstance(folder, 'peers', 0, row('rss_bytes', { value: 5e7 }))
    expect((await analyze(folder, { forms: ['svg'] })).table).toMatch(/\n {2}- +1 +50\.0/)
  })

  it('names several instances of one fate in one warning', async () => {
    const outcome = outcomeRecord()
    for (const instance of outcome.runs[0]?.instances.slice(1) ?? []) Object.assign(instance, { outcome: 'missing', signal: 'SIGTERM' })
    await writeFile(join(folder, 'outcome.json'), JSON.stringify({ ...outcome, verdict: 'fail' }))
    const { warnings } = await analyze(folder, { forms: ['svg'] })
    expect(warnings[0]).toMatch(/^Instances main\/peers\/1, .*main\/newcomers\/1 were lost \(signal SIGTERM\): their rows end there\.$/)
  })

  it('explains only the absence of a figure that the case owes', async () => {
    await rm(join(folder, 'instances'), { recursive: true })
    await writeFile(join(folder, 'run.json'), JSON.stringify({ ...runRecord(), case: 'link' }))
    const { table } = await analyze(folder, { forms: ['svg'] })
    expect(table).toContain('There is no link figure')
    expect(table).not.toContain('There is no replication figure')
  })

  it('warns when streams carried less than half of what was asked', async () => {
    await writeInstance(folder, 'peers', 0, row('link_throughput_bits_per_second,from=a,to=b', { value: 25, asked: 100 }))
    const { warnings } = await analyze(folder, { forms: ['svg'] })
    expect(warnings.join('\n')).toContain('1 of 1 throughputs are below half of what was asked, their median 25 %')
  })

  it('names runner, fidelity, seed and network in every figure and the report', async () => {
    await analyze(folder, { forms: ['svg'] })
    for (const file of ['figures/replication.svg', 'figures/bootstrapping.svg', 'report.html']) {
      expect(await readFile(join(folder, file), 'utf8')).toContain('runner local · fidelity bandwidth · seed 7 · network gcp-six-regions')
    }
  })
})

describe('without its font', () => {
  it('tells the numbers, draws nothing and says what is missing', async () => {
    await analyze(folder, { forms: ['svg'] })
    const fontFiles = { regular: join(folder, 'gone.ttf'), semiBold: join(folder, 'gone.ttf') }
    const analysis = await analyze(folder, { fontFiles })
    expect(analysis).toMatchObject({ complete: false, rows: 344, figures: [] })
    expect(await readdir(join(folder, 'figures'))).toEqual([])
    expect(analysis.table).toMatch(/1\. The font of the figures cannot be read from .*gone\.ttf \(ENOENT\): install the\s+packages/s)
  })
})

describe('a run folder cut short', () => {
  it('is analysed without an outcome, and says that it has no verdict', async () => {
    await rm(join(folder, 'outcome.json'))
    const analysis = await analyze(folder, { forms: ['svg'] })
    expect(analysis).toMatchObject({ complete: false, rows: 344 })
    expect(analysis.table).toMatch(/^Verdict unknown: /)
    expect(analysis.warnings).toContain('outcome.json is missing: the run was cut short or still goes on, and has no verdict.')
  })

  it('keeps every row before a truncated one, and names the line', async () => {
    await appendFile(join(folder, 'instances/main/peers/2/results.out'), '{"ts":17,"type":"point","name":"rss_by')
    const analysis = await analyze(folder, { forms: ['svg'] })
    expect(analysis).toMatchObject({ complete: false, rows: 344 })
    expect(analysis.warnings).toContain('instances/main/peers/2/results.out:53 is no row, for the file ends in the middle of it: it is left out.')
    expect(analysis.warnings).toContain('1 of 345 lines are no rows and are left out.')
  })

  it('names an instance that is missing', async () => {
    await rm(join(folder, 'instances/main/peers/4'), { recursive: true })
    const outcome = outcomeRecord()
    Object.assign(outcome, { verdict: 'fail', reason: 'one was killed' })
    Object.assign(outcome.runs[0]?.instances[4] ?? {}, { outcome: 'crash', exitCode: null, signal: 'SIGKILL', lastLines: ['the last words'] })
    await writeFile(join(folder, 'outcome.json'), JSON.stringify(outcome))
    const analysis = await analyze(folder, { forms: ['svg'] })
    expect(analysis.complete).toBe(false)
    expect(analysis.warnings[0]).toBe('Instance main/peers/4 crashed (signal SIGKILL): its rows end there.')
    expect(analysis.warnings).toContain('instances/ holds nothing of main/peers/4: this instance was lost or never started.')
    expect(await readFile(analysis.report, 'utf8')).toContain('the last words')
  })

  it('leaves out a field of run.json that is not as expected, and says so', async () => {
    await writeFile(join(folder, 'run.json'), JSON.stringify({ ...runRecord(), network: 'wide' }))
    const analysis = await analyze(folder, { forms: ['svg'] })
    expect(analysis.complete).toBe(false)
    expect(analysis.warnings.join('\n')).toMatch(/run\.json: "network" is not as expected .* and is left out\./)
    expect(analysis.table).toContain('network unknown')
  })

  it('draws no figure without rows, removes an older one and says why', async () => {
    await analyze(folder, { forms: ['svg'] })
    await rm(join(folder, 'instances'), { recursive: true })
    const analysis = await analyze(folder, { forms: ['svg'] })
    expect(analysis).toMatchObject({ complete: false, rows: 0, figures: [] })
    expect(await readdir(join(folder, 'figures'))).toEqual([])
    expect(await readFile(analysis.report, 'utf8')).toContain('There is no replication figure, for no row has')
  })
})

it.each([['privacy', []], ['transfer', ['transfers']], ['scale', ['replication figure', 'scaling']]])('says of the case %s only what it owes', async (name, owed) => {
  await rm(join(folder, 'instances'), { recursive: true })
  await writeFile(join(folder, 'run.json'), JSON.stringify({ ...runRecord(), case: name }))
  const { table } = await analyze(folder, { forms: ['svg'] })
  const missing = [...table.matchAll(/There is no (?:figure of )?(\w+(?: figure)?)/g)].map(([, what]) => what)
  expect(missing).toEqual(owed)
})

describe('what is no run folder', () => {
  it('is refused in one sentence', async () => {
    const empty = await mkdtemp(join(tmpdir(), 'peerslab-analysis-'))
    expect(await failing(empty)).toBeInstanceOf(RunFolderError)
    expect((await failing(empty)).message).toContain('holds neither run.json nor instances/')
    expect((await failing(join(empty, 'gone'))).message).toContain('There is no run folder')
    expect((await failing(join(folder, 'run.json'))).message).toContain('is a file and no run folder')
    expect(await readdir(empty)).toEqual([])
    await rm(empty, { recursive: true })
  })

  it('is refused when a newer PeersLab wrote it', async () => {
    await writeFile(join(folder, 'run.json'), JSON.stringify({ ...runRecord(), schema: 2 }))
    expect((await failing(folder)).message).toContain('has schema 2, and this PeersLab reads schema 1')
  })
})

describe('a hostile run folder', () => {
  it('cannot bring markup into the report or the SVG', async () => {
    const evil = '<img src=x onerror=alert(1)>"\'&</script>'
    await writeInstance(folder, 'peers', 0, row(`replication_entry_ms,from=a,region=${evil.replaceAll('"', '\\"')},cid=c`, { value: 5 }))
    await writeFile(join(folder, 'run.json'), JSON.stringify({ ...runRecord(), runner: evil, plan: evil, composition: { evil } }))
    const { report } = await analyze(folder, { forms: ['svg'] })
    const html = await readFile(report, 'utf8')
    // The data of each figure, and the script of the report, which stands last.
    const figures = html.match(/<figure /g)?.length ?? 0
    const [before, last = ''] = html.split(/<script>/)
    expect(figures).toBeGreaterThan(0)
    expect(before!.includes('<img')).toBe(false)
    expect(before!.match(/<script/g)).toHaveLength(figures)
    expect(before!.match(/<\/script/g)).toHaveLength(figures)
    expect(last.match(/<script|<\/script/g)).toEqual(['</script'])
    expect(before!.slice(0, 1000)).toMatch(
      /content="default-src 'none'; style-src 'unsafe-inline'; font-src data:; script-src 'sha256-[\w+/=]+'"/)
    expect(before!.includes('&#60;img src=x onerror=alert(1)&#62;')).toBe(true)
    expect(await readFile(join(folder, 'figures/replication.svg'), 'utf8')).not.toMatch(/<img|<\/script/)
  })

  it('is not followed out of itself', async () => {
    const elsewhere = await wholeFolder()
    await rm(join(folder, 'instances/main/peers/0'), { recursive: true })
    await symlink(join(elsewhere, 'instances/main/peers/0'), join(folder, 'instances/main/peers/0'))
    const analysis = await analyze(folder, { forms: ['svg'] })
    expect(analysis.rows).toBe(344 - 52)
    expect(analysis.warnings).toContain('instances/main/peers/0 is a symbolic link and is not followed.')
    await rm(join(folder, 'figures'), { recursive: true })
    await mkdir(join(elsewhere, 'target'))
    await symlink(join(elsewhere, 'target'), join(folder, 'figures'))
    expect((await failing(folder)).message).toContain('is no folder')
    expect(await readdir(join(elsewhere, 'target'))).toEqual([])
    await rm(elsewhere, { recursive: true })
  })

  it('cannot claim a million instances', async () => {
    await writeFile(join(folder, 'run.json'), JSON.stringify({ ...runRecord(), runs: [{ id: 'main', groups: [{ id: 'peers', count: 1e12 }] }] }))
    expect((await analyze(folder, { forms: ['svg'] })).warnings.join('\n')).toContain('run.json: "runs.0.groups.0.count" is not as expected')
  })
})
