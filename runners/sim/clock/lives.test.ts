import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { Actor } from './actor.ts'
import { Scheduler } from './scheduler.ts'

const harness = new Actor('harness', '1')
const create = (): Scheduler => new Scheduler({ harness, setImmediate })

describe('an actor that is paused', () => {
  it('does what came meanwhile when it goes on, in the order in which it came, but for what was taken back', async () => {
    const scheduler = create()
    const [paused, other] = [new Actor('a', '1'), new Actor('b', '1')]
    const ran: Array<[string, number]> = []
    const note = (name: string) => (): void => { ran.push([name, scheduler.nowMs]) }
    scheduler.at(1, () => { scheduler.pause(paused) }, harness)
    scheduler.at(2, note('first'), paused)
    scheduler.at(3, note('elsewhere'), other)
    const takeBack = scheduler.at(4, note('taken back'), paused)
    scheduler.at(5, note('second'), paused)
    scheduler.at(6, takeBack, harness)
    scheduler.at(10, () => { scheduler.resume(paused) }, harness)
    expect(await scheduler.run()).toBe('deadlock')
    expect(ran).toEqual([['elsewhere', 3], ['first', 10], ['second', 10]])
  })
})

describe('an actor whose process is killed', () => {
  it('does nothing any more; what comes to its place meets its next life, or the harness', async () => {
    const scheduler = create()
    const [first, second] = [new Actor('a', '1'), new Actor('a', 'another life')]
    const ran: string[] = []
    scheduler.at(1, () => { first.end() }, harness)
    scheduler.at(2, () => { ran.push('its own') }, first)
    scheduler.atPlace(2, () => { ran.push('to nobody') }, first)
    scheduler.at(3, () => { first.heir = second }, harness)
    scheduler.atPlace(4, () => { ran.push(`to ${first.present === second ? 'the next life' : 'another'}`) }, first)
    expect(await scheduler.run()).toBe('deadlock')
    expect(ran).toEqual(['to nobody', 'to the next life'])
  })

  it('has what it wrote waited for, so that it cannot meet what its next life does', async () => {
    const scheduler = create()
    const actor = new Actor('a', '1')
    const ran: string[] = []
    let settle: ((deliver: () => void) => void) | undefined
    scheduler.at(1, () => { settle = scheduler.complete(0) }, actor)
    scheduler.at(1, () => { actor.end() }, harness)
    scheduler.at(2, () => { ran.push('later') }, harness)
    const end = scheduler.run()
    await new Promise((resolve) => { setTimeout(resolve, 20) })
    settle?.(() => { ran.push('written') })
    await end
    expect(ran).toEqual(['later'])
  })

  it('leaves to its next life what its databases had committed, and their locks', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'peerslab-lives-'))
    const program = `
      import { installWorld } from ${JSON.stringify(join(import.meta.dirname, 'install.ts'))}
      import { DatabaseSync } from 'node:sqlite'
      const { createActor, scheduler } = await installWorld({ seed: '1', paced: false })
      const open = () => { const database = new DatabaseSync(${JSON.stringify(join(directory, 'a.db'))}); database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL'); return database }
      const first = createActor('a')
      scheduler.at(0, () => {
        const database = open()
        database.exec('CREATE TABLE t (x); INSERT INTO t VALUES (1); BEGIN IMMEDIATE; INSERT INTO t VALUES (2)')
      }, first)
      scheduler.at(1, () => { first.end() })
      scheduler.at(2, () => {
        const database = open()
        database.exec('INSERT INTO t VALUES (3)')
        console.log(JSON.stringify(database.prepare('SELECT x FROM t').all().map(({ x }) => x)))
        scheduler.stop('done')
      }, createActor('a', 1))
      await scheduler.run()
    `
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module-typescript', '-e', program], { timeout: 20_000 })
    await rm(directory, { recursive: true })
    expect(JSON.parse(stdout)).toEqual([1, 3])
  })

  it('draws other chances in another life, the same each time', () => {
    const draw = (seed: string): number => new Actor('a', seed).uint32('math')
    expect(draw('1')).toBe(draw('1'))
    expect(draw(JSON.stringify(['1', 'life', 1]))).not.toBe(draw('1'))
  })
})
