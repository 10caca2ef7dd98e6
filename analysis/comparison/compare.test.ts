import { describe, expect, it } from 'vitest'
import { compareReadStudies } from './compare.ts'
import { parseAccepted } from './accepted.ts'
import { noise, noisyStudy, studyOf } from './study.test-helper.ts'
import type { StudyComparison } from './compare.ts'
import type { Judged } from './judge.ts'
import type { Study } from './study.ts'

const of = ({ results }: StudyComparison, metric: string): Judged => results.find((each) => each.metric === metric)!
const kinds = ({ warnings }: StudyComparison): string[] => [...new Set(warnings.map(({ kind }) => kind))]
/** Runs in which one metric has these values and every other is the same always. */
const withValues = (path: string, metric: string, values: ReadonlyArray<number | { value: number, bound: boolean }>, record = {}): Study =>
  studyOf(path, values.map((value) => ({ record, values: { [metric]: value } })))
const steady = [104, 101, 108, 103, 100, 109, 102, 107, 106, 105]
const simulated = (path: string, seeds: readonly number[], valueOf: (seed: number) => number): Study =>
  studyOf(path, seeds.map((seed) => ({ record: { runner: 'sim', seed }, values: { bytes_sent: valueOf(seed) } })))

describe('many simulated studies', () => {
  it('of the same code: at most 5 % find a regression', () => {
    const next = noise(11, 0.05)
    const flagged = Array.from({ length: 200 }, () => compareReadStudies(noisyStudy('base', 10, next), noisyStudy('head', 10, next)))
      .filter(({ verdict }) => verdict === 'fail').length
    expect(flagged).toBeLessThanOrEqual(10)
  })

  it('with a slowdown of 10 % in 10 runs with 5 % noise: more than 90 % find it', () => {
    const next = noise(12, 0.05)
    const found = Array.from({ length: 200 }, () =>
      compareReadStudies(noisyStudy('base', 10, next), noisyStudy('head', 10, next, { replication_entry_ms: 1.1 })))
      .filter((comparison) => of(comparison, 'replication_entry_ms').finding === 'regression').length
    expect(found).toBeGreaterThan(180)
  })

  it('of simulations in pairs: at most 5 % find a regression, and more than 90 % a slowdown of 10 %', () => {
    const next = noise(14, 0.05)
    const seeds = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    const panel = (path: string, factor = 1): Study => simulated(path, seeds, (seed) => 1000 * seed * factor * next())
    const verdicts = (factor: number): string[] =>
      Array.from({ length: 200 }, () => compareReadStudies(panel('base'), panel('head', factor)).verdict)
    const failed = (of: readonly string[]): number => of.filter((verdict) => verdict === 'fail').length
    expect(failed(verdicts(1))).toBeLessThanOrEqual(10)
    expect(failed(verdicts(1.1))).toBeGreaterThan(180)
  })

  it('the interval of the change covers it in 93 to 98 %', () => {
    const next = noise(13, 0.05)
    const side = (path: string, factor: number): Study => withValues(path, 'bytes_sent', Array.from({ length: 10 }, () => factor * next()))
    const covered = Array.from({ length: 400 }, () => compareReadStudies(side('base', 1), side('head', 1.1)))
      .filter(({ results: [result] }) => result!.effect!.low <= 0.1 && result!.effect!.high >= 0.1).length
    expect(covered / 400).toBeGreaterThanOrEqual(0.93)
    expect(covered / 400).toBeLessThanOrEqual(0.98)
  })
})

describe('a finding', () => {
  const more = steady.map((value) => 1.2 * value)

  it('is a regression in the bad direction of a metric, and an improvement in the other', () => {
    const slower = compareReadStudies(withValues('a', 'replication_entry_ms', steady), withValues('b', 'replication_entry_ms', more))
    expect(slower).toMatchObject({ verdict: 'fail', reason: '1 of 1 judged values got worse by more than 5 %: replication_entry_ms' })
    expect(slower.results[0]).toMatchObject({ finding: 'regression', reason: 'worse by 20.0 %', effect: { relative: expect.closeTo(0.2, 9) as number } })
    const quicker = compareReadStudies(withValues('a', 'replication_entry_ms', more), withValues('b', 'replication_entry_ms', steady))
    expect(quicker).toMatchObject({ verdict: 'pass', results: [{ finding: 'improvement' }] })
    const better = compareReadStudies(withValues('a', 'converged', steady), withValues('b', 'converged', more))
    expect(better.results[0]!.finding).toBe('improvement')
  })

  it('is none below the threshold, however certain', () => {
    const [base, head] = [withValues('a', 'bytes_sent', steady.map((value) => 1000 + value)), withValues('b', 'bytes_sent', steady.map((value) => 1030 + value))]
    expect(compareReadStudies(base, head).results[0]).toMatchObject({ finding: 'same', pCorrected: expect.closeTo(0, 2) as number })
    expect(compareReadStudies(base, head, { threshold: 0.01 }).verdict).toBe('fail')
  })

  it('is unknown where the interval reaches beyond the threshold, and says how many runs would tell', () => {
    const wide = [70, 80, 90, 100, 110, 120, 130, 140, 150, 160]
    const { verdict, results: [result] } = compareReadStudies(withValues('a', 'bytes_sent', wide), withValues('b', 'bytes_sent', wide))
    expect(verdict).toBe('unknown')
    expect(result!.reason).toMatch(/^up to \d+\.\d % worse cannot be ruled out; about \d{2,3} runs of each side would tell, and it has 10$/)
  })

  it('is unknown with too few runs, and says how many are needed', () => {
    const few = compareReadStudies(withValues('a', 'bytes_sent', [1, 2, 3]), withValues('b', 'bytes_sent', [7, 8, 9]))
    expect(few).toMatchObject({ verdict: 'unknown', results: [{ reason: 'too few runs: it needs 4 runs of each side, and has 3' }] })
    const one = compareReadStudies(withValues('a', 'bytes_sent', [1]), withValues('b', 'bytes_sent', [1]))
    expect(one.reason).toBe('1 of 1 judged values cannot be told (too few runs: it needs 4 runs of each side, and has 1)')
  })

  it('is unknown where surroundings differ, unless that was the purpose', () => {
    const [base, head] = [withValues('a', 'bytes_sent', steady), withValues('b', 'bytes_sent', more, { network: { name: 'lan' } })]
    const apart = compareReadStudies(base, head)
    expect(apart.verdict).toBe('unknown')
    expect(apart.results[0]!.reason).toMatch(/^not the same surroundings: network \(gcp-six-regions against lan\); latencies/)
    expect(compareReadStudies(base, head, { vary: ['network', 'latencies'] }).verdict).toBe('fail')
    expect(kinds(compareReadStudies(base, base, { vary: ['sync'] }))).toContain('problem')
  })

  it('tells a parameter that differs by its name', () => {
    const runs = (sync: string): Record<string, unknown> => ({ runs: [{ id: 'main', groups: [{ id: 'peers', count: 2, params: { sync, seed: sync } }] }] })
    const apart = compareReadStudies(withValues('a', 'bytes_sent', steady, runs('fast')), withValues('b', 'bytes_sent', steady, runs('stock')))
    expect(apart.results[0]!.reason).toBe('not the same surroundings: sync (fast against stock)')
  })

  it('is corrected for all that is judged: one of many small values of p is no regression', () => {
    const values = (factor: number): number[] => [100, 106, 112, 118, 124, 130].map((value) => factor * value)
    const alone = compareReadStudies(withValues('a', 'bytes_sent', values(1)), withValues('b', 'bytes_sent', values(1.2)))
    expect(alone.verdict).toBe('fail')
    const many = (path: string, factor: number): Study => studyOf(path, values(factor).map((value) => ({
      values: { bytes_sent: value, replication_entry_ms: value / factor, bootstrap_files_ms: value / factor, converged: 1 }
    })))
    expect(of(compareReadStudies(many('a', 1), many('b', 1.2)), 'bytes_sent').finding).toBe('unknown')
  })

  it('is not judged where no direction is better, or it is the machine\'s and not asked for', () => {
    const [base, head] = [withValues('a', 'cpu_ms', steady), withValues('b', 'cpu_ms', more)]
    expect(() => compareReadStudies(base, head)).toThrow('Neither a nor b has rows of a metric of which one direction is better: nothing can be compared.')
    expect(compareReadStudies(base, head, { metrics: ['cpu_ms'] }).verdict).toBe('fail')
    expect(() => compareReadStudies(withValues('a', 'link_rtt_ms', steady), withValues('b', 'link_rtt_ms', more), { metrics: ['link_rtt_ms'] })).toThrow('has rows of a metric of which one direction is better')
    expect(() => compareReadStudies(base, head, { metrics: ['bytes'] })).toThrow('has rows of bytes: nothing can be compared')
  })

  it('is unknown where one side, or one run, lacks the metric', () => {
    const both = studyOf('a', steady.map((value) => ({ values: { bytes_sent: value, redundancy: 1, converged: 1 } })))
    const lone = studyOf('b', steady.map((value, index) => ({ values: { bytes_sent: value, ...(index === 0 ? {} : { converged: 1 }) } })))
    const comparison = compareReadStudies(both, lone)
    expect(of(comparison, 'converged')).toMatchObject({ finding: 'unknown', reason: '1 of 20 runs did not record it' })
    expect(of(comparison, 'bytes_sent').finding).toBe('same')
    expect(comparison.verdict).toBe('unknown')
  })

  it('has an effect without end where base is 0', () => {
    const comparison = compareReadStudies(withValues('a', 'bytes_sent', steady.map(() => 0)), withValues('b', 'bytes_sent', steady))
    expect(comparison.results[0]).toMatchObject({ finding: 'regression', effect: { relative: Infinity } })
    const none = compareReadStudies(withValues('a', 'bytes_sent', steady.map(() => 0)), withValues('b', 'bytes_sent', steady.map(() => 0)))
    expect(none.results[0]).toMatchObject({ finding: 'same', effect: { relative: 0 } })
  })
})

describe('waits that ran out', () => {
  const bound = { value: 200, bound: true }
  const entries = (path: string, values: Parameters<typeof withValues>[2]): Study => withValues(path, 'replication_entry_ms', values)

  it('of head still are a regression, and are never none', () => {
    expect(compareReadStudies(entries('a', steady), entries('b', steady.map(() => bound))).verdict).toBe('fail')
    const hidden = compareReadStudies(entries('a', steady), entries('b', [...steady.slice(1), { value: 100, bound: true }]))
    expect(hidden.results[0]).toMatchObject({ finding: 'unknown', reason: 'waits ran out on the side that may be worse, so that a worsening cannot be ruled out' })
  })

  it('of base make a regression doubtful', () => {
    const doubtful = compareReadStudies(entries('a', [{ value: 1, bound: true }, ...steady.slice(1)]), entries('b', steady.map((value) => 1.5 * value)))
    expect(doubtful.results[0]!.reason).toBe('waits ran out on the side that seems better, so that the worsening may be smaller than it looks')
  })

  it('of both, and all of them, leave it unknown', () => {
    const some = [...steady.slice(1), bound]
    expect(compareReadStudies(entries('a', some), entries('b', some)).results[0]!.reason).toContain('both sides')
    expect(compareReadStudies(entries('a', steady.map(() => bound)), entries('b', steady.map(() => bound))).results[0]!.reason).toBe('all waits ran out, so that no value is known')
  })
})

describe('simulations', () => {
  const seeds = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
  const ofSeed = (seed: number): number => 1000 * seed ** 2

  it('are compared pair by pair, so that a small change shows through large differences between seeds', () => {
    const comparison = compareReadStudies(simulated('a', seeds, ofSeed), simulated('b', seeds.toReversed(), (seed) => 1.06 * ofSeed(seed)))
    expect(comparison).toMatchObject({ isPaired: true, verdict: 'fail' })
    const six = expect.closeTo(0.06, 9) as number
    expect(comparison.results[0]!.effect).toMatchObject({ relative: six, low: six, high: six })
    expect(compareReadStudies(simulated('a', seeds, ofSeed), simulated('b', seeds, ofSeed)).verdict).toBe('pass')
  })

  it('without a seed in common, or with one twice, are said to be', () => {
    const apart = compareReadStudies(simulated('a', seeds, ofSeed), simulated('b', seeds.map((seed) => seed + 10), ofSeed))
    expect(apart.isPaired).toBe(false)
    expect(apart.warnings[0]!.sentence).toContain('no seed in common')
    const twice = compareReadStudies(simulated('a', [...seeds, 1], ofSeed), simulated('b', [...seeds, 11], ofSeed))
    expect(twice.warnings.slice(0, 2).map(({ sentence }) => sentence.slice(0, 22))).toEqual(['1 runs repeat a seed t', '1 runs have a seed tha'])
    expect(twice.results[0]!.effect!.n).toEqual({ base: 10, head: 10 })
  })
})

describe('an accepted change', () => {
  const [base, head] = [withValues('a', 'bytes_sent', steady), withValues('b', 'bytes_sent', steady.map((value) => 1.2 * value))]

  it('is no regression up to what was accepted, with its reason', () => {
    const accepted = parseAccepted('# why\n\nbytes_sent +25 %: entries carry a signature\n', 'accepted.txt')
    const comparison = compareReadStudies(base, head, { accepted })
    expect(comparison).toMatchObject({ verdict: 'pass', results: [{ finding: 'accepted', reason: 'worse by 20.0 %, accepted up to 25.0 %: entries carry a signature' }] })
    expect(compareReadStudies(base, head, { accepted: parseAccepted('bytes_sent 15%: x', 'f') }).verdict).toBe('fail')
    expect(compareReadStudies(base, head, { accepted: parseAccepted('bytes_sent in other +25 %: x', 'f') }).verdict).toBe('fail')
  })

  it('wants its reason', () => {
    expect(() => parseAccepted('bytes_sent +25 %:', 'accepted.txt')).toThrow(/^accepted\.txt:1 is no accepted change: write a metric/)
    expect(() => parseAccepted('\nbytes_sent because', 'accepted.txt')).toThrow('accepted.txt:2')
  })
})

describe('doubts', () => {
  it('name drift, two heaps, a busy machine, and code that changed within a study', () => {
    const rising = steady.map((value, index) => value + 15 * index)
    expect(kinds(compareReadStudies(withValues('a', 'bytes_sent', rising), withValues('b', 'bytes_sent', steady)))).toContain('drift')
    const heaps = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? 100 : 180) + [3, 7, 1, 9, 5, 2, 8, 6, 4, 0][index % 10]!)
    expect(kinds(compareReadStudies(withValues('a', 'bytes_sent', heaps), withValues('b', 'bytes_sent', steady)))).toContain('two heaps')
    const busy = studyOf('a', steady.map((value) => ({ values: { bytes_sent: value }, conditions: { cpuPercent: 95 } })))
    expect(compareReadStudies(busy, withValues('b', 'bytes_sent', steady)).warnings.map(({ sentence }) => sentence).join()).toContain('more than 90 % in 10 of 10 runs')
    const mixed = studyOf('a', steady.map((value, index) => ({ record: { commit: `c${index % 2}` }, values: { bytes_sent: value } })))
    expect(compareReadStudies(mixed, withValues('b', 'bytes_sent', steady)).warnings.map(({ sentence }) => sentence)).toContain('base: its runs differ in commit (c0, c1), so that they are not repeats of one thing.')
  })

  it('name an effect below what clocks and event loops can hide, and sides that did not take turns', () => {
    const slow = (path: string, factor: number, from: number): Study =>
      studyOf(path, steady.map((value) => ({
        values: { replication_entry_ms: factor * value }, conditions: { loopDelayMs: 40, clockErrorMs: 30 }
      })), from)
    const after = compareReadStudies(slow('a', 1, 0), slow('b', 1.2, 100))
    expect(kinds(after)).toEqual(expect.arrayContaining(['order', 'event loop', 'clock']))
    expect(kinds(compareReadStudies(slow('a', 1, 0), slow('b', 2, 1)))).toEqual([])
  })
})
