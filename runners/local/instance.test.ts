import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readEvent } from '../instance-event.ts'
import { startInstance } from './instance.ts'
import { bundledProgram } from './program.ts'
import type { Instance } from './instance.ts'

const line = (event: unknown): string => JSON.stringify({ ts: 1, event, group_id: 'peers', run_id: 'default' })

describe('a line of an instance\'s output', () => {
  it.each<[string, string, unknown]>([
    ['success', line({ success_event: { group: 'peers' } }), { kind: 'success' }],
    ['failure with its sentence', line({ failure_event: { group: 'peers', error: 'Error: no' } }), { kind: 'failure', error: 'Error: no' }],
    ['crash', line({ crash_event: { error: 'no memory', stacktrace: '' } }), { kind: 'crash', error: 'no memory' }],
    ['an error that is no text', line({ failure_event: { error: 5 } }), { kind: 'failure', error: '5' }],
    ['another event', line({ message_event: { message: 'hello' } }), 'other'],
    ['an event without anything', line({}), 'other'],
    ['JSON that is no event', '{"success_event":{}}', undefined],
    ['an event that is null', line(null), undefined],
    ['half a line', line({ success_event: {} }).slice(0, -5), undefined],
    ['text', 'success_event', undefined],
    ['text that quotes an event', `said ${line({ success_event: {} })}`, undefined],
    ['an empty line', '', undefined]
  ])('%s', (_, text, event) => {
    expect(readEvent(text)).toEqual(event)
  })
})

describe('an instance', () => {
  let directory: string
  let started = 0
  beforeAll(async () => { directory = await mkdtemp(join(tmpdir(), 'peerslab-instance-')) })
  afterAll(async () => { await rm(directory, { recursive: true, force: true }) })

  async function start (program: string): Promise<Instance> {
    const place = join(directory, String(++started))
    const plan = join(directory, `plan-${started}.mjs`)
    await writeFile(plan, program)
    return startInstance({ group: 'peers', index: 4, program: bundledProgram(plan), env: { TEST_RUN: 'r' }, outputs: join(place, 'out'), workingDirectory: join(place, 'work') })
  }

  it('tells what it said last, and keeps its stderr', async () => {
    const instance = await start(`
      process.stderr.write('run ' + process.env.TEST_RUN + ' in ' + process.cwd() + '\\n')
      console.log('${line({ message_event: {} })}')
      console.log('${line({ failure_event: { error: 'no' } })}')
      process.exitCode = 1`)
    const place = join(directory, String(started))
    const text = `run r in ${join(place, 'work')}`
    expect(await instance.ended).toEqual({
      group: 'peers', index: 4, outcome: 'failure', exitCode: 1, signal: null, stopped: false, error: 'no', lastLines: [text]
    })
    expect(instance.running).toBe(false)
    expect(await readFile(join(place, 'out', 'run.err'), 'utf8')).toBe(`${text}\n`)
  })

  it.each<[string, string[], string, string | undefined]>([
    ['the sentence of a crash and not its trace, nor the crash after it', ['crash_event":{"error":"goroutine 1\\\\n main.go"}', 'crash_event":{"error":"as asked"}', 'crash_event":{"error":"file already closed"}'], 'crash', 'as asked'],
    ['a failure before a crash of its clean-up', ['failure_event":{"error":"no"}', 'crash_event":{"error":"closed"}'], 'failure', 'no'],
    ['a failure before a success', ['failure_event":{"error":"no"}', 'success_event":{}'], 'failure', 'no'],
    ['a crash after a success', ['success_event":{}', 'crash_event":{"error":"late"}'], 'crash', 'late']
  ])('is judged by %s', async (_, events, outcome, error) => {
    const instance = await start(`${events.map((event) => `console.log('{"event":{"${event}}}')`).join(';')}; process.exitCode = 1`)
    expect(await instance.ended).toMatchObject({ outcome, error })
  })

  it('keeps its last twenty lines, cut to a length, where it did not succeed', async () => {
    const { outcome, lastLines } = await (await start('for (let i = 0; i < 30; i++) console.log(i + "x".repeat(600)); process.exitCode = 3')).ended
    expect(outcome).toBe('crash')
    expect(lastLines).toHaveLength(20)
    expect(lastLines.at(-1)).toBe(`29${'x'.repeat(498)}`)
  })

  it('that succeeded keeps none', async () => {
    const { outcome, lastLines } = await (await start(`console.log('hello'); console.log('${line({ success_event: {} })}')`)).ended
    expect({ outcome, lastLines }).toEqual({ outcome: 'success', lastLines: [] })
  })

  it('that the runner ends is missing and not failed', async () => {
    const instance = await start('setInterval(() => {}, 1000)')
    expect(instance.running).toBe(true)
    instance.kill('SIGTERM')
    expect(await instance.ended).toMatchObject({ outcome: 'missing', signal: 'SIGTERM', stopped: true })
  })

  it('whose program is not there ends as a crash that says so', async () => {
    const instance = startInstance({
      group: 'peers', index: 0, program: bundledProgram(join(directory, 'nothing.mjs')), env: {}, outputs: join(directory, 'out'), workingDirectory: directory
    })
    const { outcome, exitCode, lastLines } = await instance.ended
    expect({ outcome, exitCode }).toEqual({ outcome: 'crash', exitCode: 1 })
    expect(lastLines.join('\n')).toContain('nothing.mjs')
  })
})
