import { describe, expect, it } from 'vitest'
import { drawChurn, shortestMs } from './churn.ts'
import { livesOf } from './lives.ts'
import { churnPresets } from './presets.ts'
import { resolveTimeline } from './resolve.ts'
import { isInstanceFault } from './timeline.ts'
import type { ChurnGroup } from './churn.ts'

const places = [['root/0', 'root', 'asia'], ['peers/0', 'peers', 'europe'], ['peers/1', 'peers', 'asia']]
  .map(([name = '', group = '', region = '']) => ({ name, group, region }))
const kinds = ['crash', 'leave', 'pause', 'resume', 'join', 'restart', 'partition', 'heal', 'degrade', 'restore'].map((kind) => `'${kind}'`).join(' | ')
const resolve = (events: unknown[], endMs = 10_000) => resolveTimeline({ endMs, events }, 'faults.json', places)

describe('a timeline that people wrote', () => {
  it('has names of instances for those of groups and regions, and heals at the end', () => {
    const { events } = resolve([
      { atMs: 500, kind: 'pause', instances: ['root'] },
      { atMs: 100, kind: 'partition', sides: [['asia']] },
      { atMs: 200, kind: 'degrade', sides: [['peers/1'], ['peers/0']], latencyFactor: 3 }
    ])
    expect(events).toEqual([
      { atMs: 100, kind: 'partition', sides: [['root/0', 'peers/1'], ['peers/0']] },
      { atMs: 200, kind: 'degrade', sides: [['peers/1'], ['peers/0']], direction: 'both', latencyFactor: 3 },
      { atMs: 500, kind: 'pause', instances: ['root/0'] },
      { atMs: 10_000, kind: 'resume', instances: ['root/0'] },
      { atMs: 10_000, kind: 'heal' },
      { atMs: 10_000, kind: 'restore' }
    ])
  })

  const crash = { atMs: 100, kind: 'crash', instances: ['peers/1'] }
  const cut = { atMs: 100, kind: 'partition', sides: [['root']] }

  it.each<[string, unknown[], string]>([
    ['an instance that is not there', [crash, { ...crash, instances: ['peers/7'] }],
      'faults.json: event 2 (crash at 100 ms): there is no instance, group or region "peers/7"; name one of root/0, peers/0, peers/1, a group or a region'],
    ['a restart of what is alive', [{ atMs: 5, kind: 'restart', instances: ['root'] }],
      'faults.json: event 1 (restart at 5 ms): instance root/0 is up then, and only one that is down can restart; mend the order of its events'],
    ['a second crash', [crash, { ...crash, atMs: 200 }],
      'faults.json: event 2 (crash at 200 ms): instance peers/1 is down then, and only one that is up or paused can crash; mend the order of its events'],
    ['overlapping partitions', [cut, { ...cut, atMs: 300 }],
      'faults.json: event 2 (partition at 300 ms): another partition holds then, and two cannot overlap; heal the first one before'],
    ['an instance on both sides', [{ ...cut, sides: [['asia'], ['peers']] }],
      'faults.json: event 1 (partition at 100 ms): instance peers/1 is on two sides; name it on one'],
    ['a side that is empty', [{ ...cut, sides: [['root', 'peers']] }],
      'faults.json: event 1 (partition at 100 ms): one side has no instance; leave some out of the other'],
    ['an event after the end', [{ ...crash, atMs: 10_001 }],
      'faults.json: event 1 (crash at 10001 ms): it comes after the end, which is at 10000 ms; move it, or make endMs larger'],
    ['a kind that there is not', [{ atMs: 1, kind: 'explode' }], `faults.json: event 1: kind invalid discriminator value. Expected ${kinds}; see docs/faults.md for what an event can be`],
    ['a degradation of nothing', [{ atMs: 1, kind: 'degrade', sides: [['root']] }],
      'faults.json: event 1: it changes nothing; give latencyFactor, bandwidthFactor or loss; see docs/faults.md for what an event can be'],
    ['nobody at the end', [{ atMs: 1, kind: 'crash', instances: ['root', 'peers'] }],
      'faults.json: no instance is there at the end, so that nothing could be read and judged; restart at least one'],
    ['nobody at the start', [{ atMs: 1, kind: 'join', instances: ['root', 'peers'] }],
      'faults.json: no instance is there at the start, for each joins later; let at least one be there']
  ])('is refused for %s', (_, events, sentence) => {
    expect(() => resolve(events)).toThrow(expect.objectContaining({ name: 'ParameterError', message: sentence }) as Error)
  })
})

describe('the lives of an instance', () => {
  it('have numbers, and disks of their own where one was lost', () => {
    const timeline = resolve([
      { atMs: 1, kind: 'join', instances: ['peers/1'] }, { atMs: 2, kind: 'crash', instances: ['peers/1'] },
      { atMs: 3, kind: 'restart', instances: ['peers/1'] }, { atMs: 4, kind: 'leave', instances: ['peers/1'] },
      { atMs: 5, kind: 'restart', instances: ['peers/1'], disk: false }
    ])
    expect(livesOf(timeline, 'peers/1')).toEqual([
      { number: 0, disk: 0, begins: 'join', fromMs: 1, untilMs: 2, ends: 'crash' },
      { number: 1, disk: 0, begins: 'restart', fromMs: 3, untilMs: 4, ends: 'leave' },
      { number: 2, disk: 1, begins: 'restart', fromMs: 5, untilMs: Infinity }
    ])
    expect(livesOf(timeline, 'root/0')).toEqual([{ number: 0, disk: 0, begins: 'start', fromMs: 0, untilMs: Infinity }])
  })
})

describe('churn that is drawn', () => {
  const peers = Array.from({ length: 400 }, (_, i) => `peers/${i}`)
  const group = (churn: ChurnGroup['churn'], instances = peers): ChurnGroup => ({ instances, churn, crashRatio: 0.5, diskLossRatio: 0.1 })
  const names = Object.keys(churnPresets) as Array<keyof typeof churnPresets>
  const day = { seed: 1, endMs: 24 * 3_600_000, timeScale: 1 }

  it('is the same for the same seed, another for another, and a timeline that could have been written', () => {
    const some = peers.slice(0, 40)

    for (const name of names) {
      const timeline = drawChurn([group(name, some)], day)
      expect(drawChurn([group(name, some)], day)).toEqual(timeline)
      expect(drawChurn([group(name, some)], { ...day, seed: 2 }).events).not.toEqual(timeline.events)
      const written = { endMs: timeline.endMs, events: timeline.events }
      expect(resolveTimeline(written, timeline.source, some.map((peer) => ({ name: peer, group: 'peers', region: 'any' })))).toEqual(timeline)
    }
  })

  it.each(names)('%s has from the first hour to the last as many peers as its means say', (name) => {
    const { session, off } = churnPresets[name]
    const all = peers.map((peer) => livesOf(drawChurn([group(name, [peer])], day), peer))
    const expected = session.meanMs / (session.meanMs + off.meanMs)

    for (const hour of [0.1, 6, 12, 23]) {
      const up = all.filter((lives) => lives.some(({ fromMs, untilMs }) => fromMs <= hour * 3_600_000 && hour * 3_600_000 < untilMs)).length
      // Five standard deviations of a binomial variable.
      expect(Math.abs(up / peers.length - expected)).toBeLessThan(5 * Math.sqrt(expected * (1 - expected) / peers.length))
    }
  })

  it('ends with everybody there, draws nothing that is too short, and has the mix that was asked for', () => {
    const some = peers.slice(0, 100)
    const timeline = drawChurn([group('exponential-1h', some)], day)
    const events = timeline.events.filter(isInstanceFault)
    const of = (kind: string) => events.filter((event) => event.kind === kind)
    expect(some.every((peer) => livesOf(timeline, peer).at(-1)?.untilMs === Infinity)).toBe(true)
    expect(of('crash').length / (of('crash').length + of('leave').length)).toBeCloseTo(0.5, 1)
    expect(of('restart').filter(({ disk }) => disk === false).length / of('restart').length).toBeCloseTo(0.1, 1)
    some.forEach((peer) => {
      livesOf(timeline, peer).forEach(({ fromMs, untilMs }) => { expect(untilMs - fromMs).toBeGreaterThanOrEqual(shortestMs) })
    })
  })

  it('is faster by the scale of time', () => {
    const slow = drawChurn([group('exponential-1h')], day).events.length
    const fast = drawChurn([group('exponential-1h')], { ...day, endMs: day.endMs / 60, timeScale: 60 }).events.length
    expect(fast / slow).toBeCloseTo(1, 1)
  })

  it('joins in rounds of six, and then nobody leaves', () => {
    const { events } = drawChurn([group('staged', peers.slice(0, 13))], day)
    const gapsMs = events.map(({ atMs }, i) => atMs - (events[i - 1]?.atMs ?? 0))
    expect(new Set(events.map(({ kind }) => kind))).toEqual(new Set(['join']))
    gapsMs.forEach((gapMs, i) => {
      const [min, max] = i > 0 && i % 6 === 0 ? [120_000, 360_000] : [30_000, 70_000]
      expect(gapMs).toBeGreaterThanOrEqual(min)
      expect(gapMs).toBeLessThanOrEqual(max)
    })
  })
})
