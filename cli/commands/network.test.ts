import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeBench } from '../../test/command.test-helper.ts'
import type { Bench } from '../../test/command.test-helper.ts'

let bench: Bench
beforeAll(async () => { bench = await makeBench() }, 120_000)
afterAll(async () => { await bench.clear() })

describe('network', () => {
  it('lists the profiles of the package, each with what it is', async () => {
    const { exitCode, stdout } = await bench.command(['network', 'list'])
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/^gcp-six-regions\s+Six Google Cloud regions/m)
    expect(stdout).toMatch(/^star\s+A hub with a fast link/m)
  })

  it('shows round trips and rates, from sender to receiver', async () => {
    const { stdout } = await bench.call(['network', 'show', 'aptos'])
    expect(stdout).toMatch(/^aptos: Eight GCP and AWS regions/)
    expect(stdout).toMatch(/^ {2}1 gcp--us-central1 +1\.30 +106 +96\.7 +255/m)
    expect(stdout).toMatch(/^ {2}1 gcp--us-central1 +1626 +275 +89\.8 +105/m)
    expect(stdout).toContain('Level: bandwidth.')
  })

  it('draws it: the same SVG each time, and a PNG', async () => {
    const [first, second, png] = ['a.svg', 'b.svg', 'c.png'].map((name) => join(bench.directory, name)) as [string, string, string]

    for (const out of [first, second, png]) {
      expect(await bench.call(['network', 'show', 'gcp-six-regions', '--out', out])).toMatchObject({ exitCode: 0, stdout: `drawn: ${out}\n` })
    }

    const svg = await readFile(first, 'utf8')
    expect(svg).toBe(await readFile(second, 'utf8'))
    expect(svg).toContain('Network gcp-six-regions: round trips')
    expect(svg).toContain('>138<')
    expect((await readFile(png)).subarray(1, 4).toString()).toBe('PNG')
  })

  it('imports a table, which a run can take, and writes over nothing', async () => {
    const table = await bench.write('rtt.csv', 'rtt,a,b\na,2,30\nb,40,2\n')
    const profile = join(bench.directory, 'mine.json')
    const args = ['network', 'import', table, profile, '--name', 'mine', '--source', 'Own pings, May 2026.']
    expect(await bench.call(args)).toMatchObject({ exitCode: 0, stdout: `written: ${profile}, 2 regions\n` })
    const { stdout } = await bench.call(['network', 'show', profile, '--json'])
    expect((JSON.parse(stdout) as { links: object[] }).links).toContainEqual({ from: 'a', to: 'b', roundTripMs: 35, bitsPerSecond: null })
    expect(await bench.call(args)).toMatchObject({ exitCode: 64, stderr: expect.stringContaining('is there already: remove it, or name another file') })
  })

  it('samples as many sites as are asked for', async () => {
    const profile = join(bench.directory, 'sites.json')
    expect(await bench.call(['network', 'sample', profile, '--sites', '5', '--seed', '9'])).toMatchObject({ exitCode: 0 })
    const { stdout } = await bench.call(['network', 'show', profile])
    expect(stdout).toContain('5 sites whose round trips are distributed as those between 490 PlanetLab nodes, drawn with seed 9.')
  })

  it.each<[string, string[], string]>([
    ['an unknown network', ['show', 'gcp'], 'There is no network profile gcp: use one of none, lan,'],
    ['another kind of picture', ['show', 'lan', '--out', 'lan.gif'], '--out lan.gif names no kind of picture; let it end in .svg, .pdf or .png'],
    ['a directory that is not there', ['show', 'lan', '--out', 'no/such/lan.svg'], 'the picture no/such/lan.svg cannot be written (ENOENT)'],
    ['a table that is not there', ['import', 'no.csv', 'x.json', '--name', 'x', '--source', 'y'], 'The table no.csv is not there: check the path.'],
    ['another kind of file', ['sample', 'sites.toml'], 'A profile cannot be written to sites.toml: name a file that ends in .json.'],
    ['a seed that is no number', ['sample', 'x.json', '--seed', 'abc'], '--seed abc must be a whole number from 0'],
    ['nothing to do', [], 'network lacks what to do; name list, show, import or sample']
  ])('refuses %s', async (_, args, sentence) => {
    const { exitCode, stderr } = await bench.call(['network', ...args], bench.directory)
    expect([exitCode, stderr.trim().split('\n').at(-1)]).toEqual([64, expect.stringContaining(sentence)])
  })

  it('refuses a profile with a cell that is missing', async () => {
    const { latency, ...rest } = JSON.parse(await readFile(new URL('../../manifests/networks/aws-six-regions.json', import.meta.url), 'utf8')) as {
      latency: { matrix: { rows: Array<Array<number | null>> } }
    }
    latency.matrix.rows[2]![4] = null
    const file = join(bench.directory, 'hole.json')
    await writeFile(file, JSON.stringify({ ...rest, latency }))
    const { exitCode, stderr } = await bench.call(['network', 'show', file])
    expect([exitCode, stderr]).toEqual([64, expect.stringContaining('has no latency from sa-east-1 to ap-southeast-2: fill the cell latency.matrix.rows[2][4].')])
  })
})
