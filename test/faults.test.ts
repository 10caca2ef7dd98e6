import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { alive, composition, eventually, hasProc, makeBench, onlyFolder, readOutcome, readRecord, runFolders } from './command.test-helper.ts'
import type { Bench, Command, Ended } from './command.test-helper.ts'

const count = 3
/** Within this time of what went wrong the command has ended and no process is left of it. */
const boundMs = 5_000

let bench: Bench
beforeAll(async () => { bench = await makeBench() })
afterAll(async () => { await bench.clear() })

interface Running {
  command: Command
  name: string
  folder: string
  /** By "group/index". */
  pids: Map<string, number>
}

/** Starts a run that would post for more than a minute, and lets it begin. */
async function startLong (name: string, ...args: string[]): Promise<Running> {
  const params = { network: 'lan', contributions: '600', interval_ms: '400' }
  const file = await bench.write(`${name}.toml`, composition('replication', params, [{ id: 'peers', count }]))
  const command = bench.start(['run', file, '--out', bench.out, ...args])
  const pids = await command.instances(count)
  await command.said(/connected 3\/3/)
  const folder = await onlyFolder(bench.out, name)
  const results = join(folder, 'instances', 'default', 'peers', '0', 'results.out')
  await eventually('a file to have been replicated', async () => (await readFile(results, 'utf8')).includes('replication_file_ms'))
  return { command, name, folder, pids }
}

async function endOf ({ command, pids }: Pick<Running, 'command' | 'pids'>): Promise<Ended> {
  const startedMs = performance.now()
  const ended = await command.ended
  expect(performance.now() - startedMs).toBeLessThan(boundMs)
  expect([...pids.values()].filter(alive)).toEqual([])
  return ended
}

/** Every instance is in the outcome by name, and what was measured is still analysed. */
async function expectKept (name: string, outcomes: Readonly<Record<string, string>>): Promise<void> {
  const folder = await onlyFolder(bench.out, name)
  const { verdict, runs } = await readOutcome(folder)
  expect(verdict).toBe('unknown')
  expect(Object.fromEntries(runs[0]!.instances.map(({ group, index, outcome }) => [`${group}/${index}`, outcome])))
    .toEqual(outcomes)
  expect((await readRecord(folder)).endedAt).toEqual(expect.any(String))
  const analysis = await bench.command(['analyze', folder])
  expect([0, 2]).toContain(analysis.exitCode)
  expect(analysis.stdout).toContain('Verdict unknown')
  expect(analysis.stdout).toContain('replication_file_ms')
}

const allMissing = { 'peers/0': 'missing', 'peers/1': 'missing', 'peers/2': 'missing' }

describe.skipIf(!hasProc)('an instance that is killed (needs /proc)', () => {
  it('ends the run, which names it with its last lines and leaves no process', async () => {
    const running = await startLong('killed')
    const pid = running.pids.get('peers/1') as number
    // Node.js answers this signal with a line on stderr, the last one of this instance.
    process.kill(pid, 'SIGUSR1')
    const said = join(running.folder, 'instances', 'default', 'peers', '1', 'run.err')
    await eventually('its last line', async () => /debugger|inspector/i.test(await readFile(said, 'utf8')))
    process.kill(pid, 'SIGKILL')
    const { exitCode, stdout, stderr } = await endOf(running)
    expect(exitCode).toBe(2)
    expect(stdout).toMatch(/^unknown: instance peers\/1 was killed \(SIGKILL\)$/m)
    expect(stderr).toMatch(/^killed: instance peers\/1 was killed \(SIGKILL\)$/m)
    expect(stderr).toMatch(/^killed: {3}.*(debugger|inspector)/mi)
    await expectKept('killed', allMissing)
    const { runs } = await readOutcome(running.folder)
    expect(runs[0]!.instances[1]).toMatchObject({ index: 1, signal: 'SIGKILL', lastLines: expect.arrayContaining([expect.stringMatching(/debugger|inspector/i)]) as string[] })
  })

  it('is the one that is named, even where another one hangs and has to be killed by the runner', async () => {
    const running = await startLong('hangs')
    process.kill(running.pids.get('peers/0') as number, 'SIGSTOP')
    process.kill(running.pids.get('peers/2') as number, 'SIGKILL')
    const { exitCode, stdout } = await endOf(running)
    expect({ exitCode, stdout }).toMatchObject({
      exitCode: 2, stdout: expect.stringMatching(/^unknown: instance peers\/2 was killed \(SIGKILL\)$/m) as string
    })
    await expectKept('hangs', allMissing)
  })
})

describe.skipIf(!hasProc)('a run that is interrupted (needs /proc)', () => {
  it.each([['SIGINT', 'process'], ['SIGTERM', 'process'], ['SIGINT', 'group']] as const)(
    'by %s to the %s ends every instance, keeps what was measured and leaves the verdict unknown', async (signal, to) => {
      const name = `${signal}-${to}`
      const running = await startLong(name)
      running.command.kill(signal, to)
      const { exitCode, stdout } = await endOf(running)
      expect(exitCode).toBe(2)
      expect(stdout).toMatch(/^unknown: the run was interrupted$/m)
      await expectKept(name, allMissing)
    })

  it('before its instances are connected ends as well', async () => {
    const file = await bench.write('early.toml', composition('replication', { network: 'lan' }, [{ id: 'peers', count }]))
    const command = bench.start(['run', file, '--out', bench.out])
    const pids = await command.instances(count)
    command.kill('SIGINT')
    const { exitCode, stdout } = await endOf({ command, pids })
    expect({ exitCode, stdout }).toMatchObject({ exitCode: 2, stdout: expect.stringMatching(/interrupted/) as string })
  })

  it('does not begin the runs that were to follow', async () => {
    const runs = ['one', 'two'].map((id) => `[[runs]]\nid = "${id}"\n[[runs.groups]]\nid = "peers"\n`).join('')
    const text = composition('replication', { network: 'lan', contributions: '600', interval_ms: '400' }, [{ id: 'peers', count }])
    const command = bench.start(['run', await bench.write('two.toml', text + runs), '--out', bench.out])
    const pids = await command.instances(count)
    command.kill('SIGINT')
    const { exitCode, stderr } = await endOf({ command, pids })
    expect(exitCode).toBe(2)
    expect(stderr).not.toContain('run two')
    expect((await readOutcome(await onlyFolder(bench.out, 'two'))).runs).toHaveLength(1)
  })

  it('by its time-out ends in time and says which option gives it more', async () => {
    const startedMs = performance.now()
    const running = await startLong('late', '--timeout', '5')
    const { exitCode, stdout } = await running.command.ended
    expect(performance.now() - startedMs).toBeLessThan(5_000 + boundMs)
    expect([...running.pids.values()].filter(alive)).toEqual([])
    expect({ exitCode, stdout }).toMatchObject({ exitCode: 2, stdout: expect.stringMatching(/^unknown: .*5 s.*--timeout$/m) as string })
    await expectKept('late', allMissing)
  })

  it('by the death of the command itself leaves instances that end by themselves, and a folder that says so', async () => {
    const { command, pids } = await startLong('orphans')
    command.kill('SIGKILL')
    expect(await command.ended).toMatchObject({ signal: 'SIGKILL' })
    await eventually('the instances to end', () => ![...pids.values()].some(alive))
    const analysis = await bench.command(['analyze', await onlyFolder(bench.out, 'orphans')])
    expect(analysis).toMatchObject({ exitCode: 2, stdout: expect.stringContaining('replication_file_ms') as string })
    expect(analysis.stdout).toContain('outcome.json is missing')
  })

  it('by the death of the command itself leaves nothing running where its folder is gone too', async () => {
    const { command, pids } = await startLong('lost')
    command.kill('SIGKILL')
    await rm(join(bench.out, 'lost'), { recursive: true })
    await eventually('the instances to end', () => ![...pids.values()].some(alive))
  })
})

describe('two runs at once on one machine', () => {
  it('do not meet', async () => {
    const file = await bench.write('both.toml', composition('replication', { network: 'lan', contributions: '6', interval_ms: '10' }, [{ id: 'peers', count: 2 }]))
    const both = await Promise.all([bench.run(file), bench.run(file)])
    expect(both.map(({ exitCode }) => exitCode)).toEqual([0, 0])
    const folders = await runFolders(bench.out, 'both')
    expect(folders).toHaveLength(2)

    for (const folder of folders) {
      expect(await readOutcome(folder)).toMatchObject({ verdict: 'pass', reason: 'all 2 instances succeeded' })
    }
  })
})
