import { describe, expect, it } from 'vitest'
import { parseFaults } from './faults.ts'

const spansOf = (events: object[], endMs = 100): Array<[string, number, number, string]> => {
  const problems: string[] = []
  const faults = parseFaults(JSON.stringify({ seed: 1, endMs, events, done: [] }), 'main', problems)
  expect(problems).toEqual([])
  return (faults?.spans ?? []).map(({ kind, fromMs, toMs, instances }) => [kind, fromMs, toMs, instances.join()])
}
const of = (kind: string, atMs: number, ...instances: string[]): object => ({ kind, atMs, instances })

describe('the timeline of faults', () => {
  it('becomes spans: each from what begins it to what ends it, for each instance', () => {
    expect(spansOf([
      of('crash', 10, 'a/0', 'a/1'), of('restart', 30, 'a/0'), of('pause', 40, 'a/0'), of('resume', 50, 'a/0'), of('leave', 60, 'a/0'), of('restart', 70, 'a/0')
    ])).toEqual([['crashed', 10, 30, 'a/0'], ['crashed', 10, 100, 'a/1'], ['paused', 40, 50, 'a/0'], ['left', 60, 70, 'a/0']])
  })

  it('knows who was not there from the start, and takes a later join for no beginning', () => {
    expect(spansOf([of('join', 20, 'a/0'), of('leave', 30, 'a/0'), of('join', 40, 'a/0')])[0]).toEqual(['not there yet', 0, 20, 'a/0'])
    expect(spansOf([of('join', 20, 'a/0'), of('leave', 30, 'a/0'), of('join', 40, 'a/0')])).toHaveLength(2)
  })

  it('names the smallest side of links, which heal at the end where nothing heals them', () => {
    expect(spansOf([
      { kind: 'partition', atMs: 5, sides: [['a/0', 'a/1'], ['a/2']] }, { kind: 'degrade', atMs: 6, sides: [['a/1']], latencyFactor: 2 }, { kind: 'heal', atMs: 9 }
    ])).toEqual([['partition', 5, 9, 'a/2'], ['degraded links', 6, 100, 'a/1']])
  })

  it('in an order that is wrong in the file is read by its times', () => {
    expect(spansOf([of('restart', 30, 'a/0'), of('crash', 10, 'a/0')])).toEqual([['crashed', 10, 30, 'a/0']])
  })

  it.each([['no JSON', '{'], ['no timeline', '{"events":[]}'], ['an unknown event', '{"endMs":1,"events":[{"atMs":1,"kind":"flood"}]}']])('that is %s is left out and named', (_, text) => {
    const problems: string[] = []
    expect(parseFaults(text, 'main', problems)).toBeUndefined()
    expect(problems).toEqual([expect.stringContaining('instances/main/faults.json is no timeline of faults')])
  })
})
