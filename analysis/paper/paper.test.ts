import { execFileSync, spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { outcomeRecord, regions, row, runRecord } from '../folder.test-helper.ts'
import { writePaper } from './index.ts'
import { bootstrappingTable, replicationTable } from './tables.ts'

/** Where it is not installed, figures.tex is only looked at. */
const hasLatex = spawnSync('pdflatex', ['--version']).status === 0

let directory: string
beforeAll(async () => { directory = await mkdtemp(join(tmpdir(), 'peerslab-paper-')) })
afterAll(async () => { await rm(directory, { recursive: true, force: true }) })

interface Made {
  composition?: string
  verdict?: string
  rows: (region: string, index: number) => string
}

/** A run folder with a peer in each region. */
async function makeRun (path: string, { composition = 'paper-replication', verdict = 'pass', rows }: Made): Promise<void> {
  for (const [index, region] of regions.entries()) {
    const folder = join(directory, path, 'instances', 'default', 'peers', String(index))
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'results.out'), rows(region, index))
  }
  const testCase = composition.includes('replication') ? 'replication' : 'bootstrapping'
  await writeFile(join(directory, path, 'run.json'), JSON.stringify({ ...runRecord(), case: testCase, composition: { metadata: { name: composition } } }))
  await writeFile(join(directory, path, 'outcome.json'), JSON.stringify({ ...outcomeRecord(), runs: [], verdict }))
}

const replicated = (region: string, index: number): string =>
  [30, 50].map((ms) => row(`replication_entry_ms,from=asia-east2,region=${region},cid=c`, { value: ms + 10 * index })).join('')
const joined = (region: string, index: number): string => ['log', 'files'].map((what) =>
  row(`bootstrap_${what}_ms,region=${region},peers_before=${1 + 6 * (index % 3)}`, index === 5 ? { value: 9_000, censored: 1 } : { value: 1_000 + 100 * index })).join('')

describe('the paper of a study', () => {
  let out: string
  beforeAll(async () => {
    out = join(directory, 'out')
    await makeRun('runs/paper-replication/1', { rows: replicated })
    await makeRun('runs/paper-replication/2', { rows: replicated, verdict: 'fail' })
    await makeRun('runs/paper-bootstrapping/1', { composition: 'paper-bootstrapping', rows: joined })
    await makeRun('runs/quick/1', { composition: 'quick-bootstrapping', rows: joined })
  })

  it('has both experiments in all forms, their tables, and says what it left out', async () => {
    const paper = await writePaper(join(directory, 'runs'), { out })
    expect(paper).toMatchObject({ figures: ['replication-prototype', 'bootstrapping-cluster'], missing: [] })
    expect(paper.warnings.join('\n')).toMatch(/there is 1: points are peers.*as few as 2 entries where the prototype had more than 10,000.*Run 2 is left out, for its verdict is fail\./s)
    const names = ['replication-prototype', 'bootstrapping-cluster'].flatMap((name) => ['csv', 'pdf', 'png', 'svg', 'vl.json'].map((form) => `${name}.${form}`))
    expect((await readdir(out)).sort()).toEqual([...names, 'figures.tex', 'tables'].sort())
    expect((await readdir(join(out, 'tables'))).sort()).toContain('bootstrapping-cluster.tex')
    const drawn = await readFile(join(out, 'replication-prototype.csv'), 'utf8')
    expect(drawn).toContain('"here, mean of a peer",1,europe-west3,50,false\n')
    expect(drawn).toContain('"here, its least",1,europe-west3,40,false\n')
    expect(drawn.match(/^"prototype 2023, mean of a peer"/gm)).toHaveLength(24)
    const svg = await readFile(join(out, 'bootstrapping-cluster.svg'), 'utf8')
    expect(svg).toContain('runner local · fidelity bandwidth · seed 7')
    expect(svg).toContain('yesoer/peersdb')
    expect(svg).toMatch(/^<svg[^>]* width="252pt"/)
  })

  it('has a figures.tex whose environments are closed and whose figures are there', async () => {
    const tex = await readFile(join(out, 'figures.tex'), 'utf8')
    const begun = [...tex.matchAll(/\\begin\{([^}]+)\}/g)].map(([, name]) => name).sort()
    expect([...tex.matchAll(/\\end\{([^}]+)\}/g)].map(([, name]) => name).sort()).toEqual(begun)
    expect(begun.filter((name) => name?.startsWith('figure') ?? false)).toHaveLength(2)
    expect(begun).toContain('table*')
    for (const [, file = ''] of tex.matchAll(/\\includegraphics\{([^}]+)\}/g)) expect(await readdir(out)).toContain(file)
    expect(tex).toContain('% paper-bootstrapping/1, runner local, fidelity bandwidth, seed 7, network gcp-six-regions, commit abc')
  })

  it.skipIf(!hasLatex)('compiles with pdflatex (skipped where there is none)', () => {
    const said = execFileSync('pdflatex', ['-interaction=nonstopmode', '-halt-on-error', 'figures.tex'], { cwd: out, encoding: 'utf8', timeout: 60_000 })
    expect(said).toMatch(/Output written on figures\.pdf/)
    expect(said).not.toMatch(/Overfull \\hbox/)
  }, 70_000)

  it('of one experiment draws it, and says why the other is missing', async () => {
    const { figures, missing } = await writePaper(join(directory, 'runs/paper-replication'), { out: join(directory, 'one') })
    expect(figures).toEqual(['replication-prototype'])
    expect(missing).toEqual([expect.stringContaining('no figure of bootstrapping over cluster size')])
  })

  it('without its font says so in one sentence, and writes nothing', async () => {
    const files = { regular: join(directory, 'gone.ttf'), semiBold: join(directory, 'gone.ttf') }
    await expect(writePaper(join(directory, 'runs'), { out: join(directory, 'fontless'), fontFiles: files }))
      .rejects.toThrow(/^The font of the figures cannot be read from \S+gone\.ttf \(ENOENT\): install the packages again with npm ci\.$/)
    expect(await readdir(directory)).not.toContain('fontless')
  })

  it.each<[string, string, RegExp]>([
    ['is not there', 'gone', /^There is no study .*gone: give a run folder/],
    ['has no runs', 'out', /has no run that a paper can show: it holds no run folder/],
    ['has runs that failed alone', 'runs/paper-replication/2', /Run 2 is left out, for its verdict is fail/],
    ['mixes other compositions', 'mixed', /has runs of a-bootstrapping and b-bootstrapping for the experiment bootstrapping/]
  ])('that %s is refused in one sentence', async (_, path, sentence) => {
    if (path === 'mixed') for (const name of ['a', 'b']) await makeRun(`mixed/${name}`, { composition: `${name}-bootstrapping`, rows: joined })
    const refused = await writePaper(join(directory, path), { out: join(directory, 'refused') }).catch((error: unknown) => error as Error)
    expect(refused).toMatchObject({ name: 'PaperError', message: expect.stringMatching(sentence) as string })
    expect(await readdir(directory)).not.toContain('refused')
  })
})

describe('the tables', () => {
  it('have medians with their intervals, ours beside the prototype\'s, and bounds marked', () => {
    const peers = [10, 20, 30].map((meanMs, index) => ({ run: '1', region: 'us-west1', peer: String(index), meanMs, minMs: 1, isBound: index === 2 }))
    expect(replicationTable(peers, []).rows[0]).toEqual(['us-west1', '3', '> 20.0', '[10.0, > 30.0]', '4', '102', '[102, 102]'])
    const point = { what: 'log' as const, run: '1', newcomer: 'n', region: 'r', peersBefore: 7, seconds: 2, ranOut: false }
    expect(bootstrappingTable([point]).rows[1]).toEqual(['7', '1', '2.00', '-', '-', '-', '6', '47.0', '[42.1, 52.4]'])
  })
})
