import { spawnSync } from 'node:child_process'
import { cp, readFile, readdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startFakeDaemon } from '../runners/testground/fake-daemon.test-helper.ts'
import { makeBench, onlyFolder, readOutcome, readRecord, root } from './command.test-helper.ts'
import type { Bench, Ended } from './command.test-helper.ts'

const goTimeoutMs = 120_000
let bench: Bench
beforeAll(async () => {
  bench = await makeBench()
  await symlink(join(root, 'test', 'foreign-plan'), join(bench.directory, 'foreign'))
  await cp(join(root, 'test', 'foreign-go-plan'), join(bench.directory, 'foreign-go'), { recursive: true })
})
afterAll(async () => { await bench.clear() })

function text (plan: string, caseName: string, count: number, more = ''): string {
  return `[global]\nplan = "${plan}"\ncase = "${caseName}"\n[[groups]]\nid = "single"\ninstances = { count = ${count} }\n${more}`
}

async function runCase (name: string, composition: string, ...args: string[]): Promise<Ended & { folder: string }> {
  const ended = await bench.run(await bench.write(`${name}.toml`, composition), ...args)
  return { ...ended, folder: ended.exitCode === 64 ? '' : await onlyFolder(bench.out, name) }
}

describe('a plan of others on Testground\'s SDK', () => {
  it('is found beside its composition, and given its parameters as Testground gives them', async () => {
    const { exitCode, folder, stdout } = await runCase('output', text('foreign', 'output', 2, '[groups.run.test_params]\ntext = "good day"\n'))
    expect({ exitCode, stdout }).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('pass: all 2 instances succeeded') })
    expect(await readFile(join(folder, 'instances/default/single/1/said.txt'), 'utf8')).toBe('good day')
    // A parameter without a default is the text "null" under Testground.
    expect(await readFile(join(folder, 'instances/default/single/1/run.out'), 'utf8')).toContain('good day, null')
    expect(await readRecord(folder)).toMatchObject({
      plan: 'foreign', case: 'output', fidelity: 'real', metrics: [], composition: { planDirectory: join(bench.directory, 'foreign') }
    })
    expect(await readdir(join(root, 'test', 'foreign-plan'))).not.toContain('stdout')
  })

  it('runs again from its folder', async () => {
    const { folder } = await runCase('again', text('foreign', 'output', 1))
    const again = await bench.run(folder, '--set', 'text=twice', '--json')
    expect(again).toMatchObject({ exitCode: 0, stderr: expect.not.stringContaining('the harness broke') })
    const other = (JSON.parse(again.stdout) as { folder: string }).folder
    expect(await readFile(join(other, 'instances/default/single/0/said.txt'), 'utf8')).toBe('twice')
  })

  it('fails where one of its instances does, although that ends as if all were well', async () => {
    const { exitCode, stdout } = await runCase('failure', text('foreign', 'failure', 1))
    expect(exitCode).toBe(1)
    expect(stdout).toMatch(/fail: instance single\/0 failed.*intentional oops/)
  })

  it.each([['sync', 4], ['pingpong', 2]])('meets: case %s', async (name, count) => {
    const { exitCode, stderr } = await runCase(name, text('foreign', name, count))
    expect({ exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, stderr: '' })
  })

  it('is handed over to the daemon as a whole', async () => {
    const daemon = await startFakeDaemon()
    const { exitCode } = await runCase('daemon', text('foreign', 'output', 1), '--runner', 'testground', '--endpoint', daemon.endpoint)
    await daemon.close()
    expect(exitCode).toBe(0)
    expect(daemon.requests[0]?.manifest).toMatchObject({ Name: 'foreign' })
    expect([...daemon.requests[0]!.files!.keys()]).toEqual(expect.arrayContaining(['index.cjs', 'manifest.toml', 'package.json']))
  })
})

describe('any program that honours the environment', () => {
  it('is named as the artifact of a group', async () => {
    const { exitCode, folder } = await runCase('program', text('foreign', 'output', 2, '[groups.run]\nartifact = "foreign/program.sh"\n'))
    expect(exitCode).toBe(0)
    expect((await readFile(join(folder, 'instances/default/single/0/params.txt'), 'utf8')).split('|').sort()).toEqual(['none=null\n', 'text=hello'])
  })

  it('is judged by what it says and how it ends', async () => {
    const { exitCode, folder } = await runCase('program-fails', text('foreign', 'failure', 1, '[groups.run]\nartifact = "foreign/program.sh"\n'))
    expect(exitCode).toBe(1)
    expect(await readOutcome(folder)).toMatchObject({ verdict: 'fail', reason: 'instance single/0 failed (exit code 1): as asked' })
  })

  const go = spawnSync('go', ['version'], { encoding: 'utf8' })
  const why = go.status === 0 ? '' : ' (not run: there is no go on this machine)'

  it.skipIf(go.status !== 0)(`is built where it is written in Go${why}`, { timeout: goTimeoutMs }, async (context) => {
    // What the modules are loaded from may be out of reach, which is no defect of what is tested here.
    const built = spawnSync('go', ['build', '-mod=mod', '-buildvcs=false', '-o', '/dev/null', '.'], {
      cwd: join(bench.directory, 'foreign-go'), encoding: 'utf8', timeout: goTimeoutMs / 2, env: { ...process.env, CGO_ENABLED: '0' }
    })
    context.skip(built.status !== 0, `its modules cannot be had: ${built.stderr.slice(-200)}`)
    const { exitCode, folder, stderr } = await runCase('go', text('foreign-go', 'sync', 3))
    expect({ exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(await readFile(join(folder, 'instances/default/single/2/results.out'), 'utf8')).toContain('"name":"met"')
    const crashed = await runCase('go-panic', text('foreign-go', 'panic', 1))
    expect(crashed).toMatchObject({ exitCode: 1, stdout: expect.stringMatching(/fail: instance single\/0 crashed.*as asked/) })
  })
})

describe('what cannot be run so is refused in one sentence:', () => {
  it.each<[string, string, string[], RegExp]>([
    ['a plan that is nowhere', text('nowhere', 'output', 1), [], /:2: there is no plan "nowhere", neither as a directory beside the composition nor in Testground's home/],
    ['a case that it does not have', text('foreign', 'outptu', 1), [], /:3: plan "foreign" has no test case "outptu"; write case = "output"/],
    ['virtual time', text('foreign', 'output', 1), ['--runner', 'sim'], /the runner sim runs the plan peersdb alone, whose time it can simulate, and not foreign; use --runner local or testground/],
    ['an image', text('foreign', 'output', 1).replace('[[groups]]', 'builder = "docker:generic"\n[[groups]]'), [], /plan "foreign" is not made for builder "docker:generic"/],
    ['an artifact that is not there', text('foreign', 'output', 1, '[groups.run]\nartifact = "no.sh"\n'), [], /the artifact .*no\.sh of group single is not there, or no file/],
    ['an artifact that is no program', text('foreign', 'output', 1, '[groups.run]\nartifact = "foreign/manifest.toml"\n'), [], /is no program; make it executable with chmod \+x/]
  ])('%s', async (name, composition, args, sentence) => {
    const { exitCode, stderr } = await runCase(`refused-${name.replaceAll(' ', '-')}`, composition, ...args)
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 64, stderr: expect.stringMatching(sentence) })
    expect(stderr.trim().split('\n')).toHaveLength(1)
  })
})
