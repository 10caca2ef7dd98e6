import { describe as group, expect, it } from 'vitest'
import { describe, instanceOutcome, judgeRun, judgeRuns, worstVerdict } from './outcome.ts'
import type { InstanceEnd, InstanceOutcome, InstanceResult, RunEnd, Verdict } from './outcome.ts'

const success = { kind: 'success' } as const
const failure = { kind: 'failure', error: 'did not converge' } as const
const crash = { kind: 'crash', error: 'no memory' } as const

function end (more: Partial<InstanceEnd>): InstanceEnd {
  return { exitCode: 0, signal: null, stopped: false, ...more }
}

function result (index: number, outcome: InstanceOutcome, more: Partial<InstanceResult> = {}): InstanceResult {
  return { group: 'peers', index, outcome, exitCode: outcome === 'success' ? 0 : 1, signal: null, stopped: false, lastLines: [], ...more }
}

const killed = { exitCode: null, signal: 'SIGKILL' } as const
const ended = { exitCode: null, signal: 'SIGTERM', stopped: true } as const

group('an instance', () => {
  it.each<[string, Partial<InstanceEnd>, InstanceOutcome]>([
    ['said success and ended well', { event: success }, 'success'],
    ['said success and ended well although it was being stopped', { event: success, stopped: true }, 'success'],
    ['said success, but ended with another exit code', { event: success, exitCode: 1 }, 'crash'],
    ['said success, but was killed after its last word', { event: success, ...killed }, 'missing'],
    ['said failure', { event: failure, exitCode: 1 }, 'failure'],
    ['said failure, but ended as if all were well', { event: failure }, 'failure'],
    ['said failure because it was stopped', { event: failure, exitCode: 1, stopped: true }, 'missing'],
    ['said failure and was killed', { event: failure, ...killed }, 'failure'],
    ['said that it crashed', { event: crash, exitCode: 1 }, 'crash'],
    ['said that it crashed, and died of a signal', { event: crash, exitCode: null, signal: 'SIGABRT' }, 'crash'],
    ['said that it crashed because it was stopped', { event: crash, exitCode: 1, stopped: true }, 'missing'],
    ['ended with an exit code and said nothing', { exitCode: 134 }, 'crash'],
    ['ended as if all were well and said nothing', {}, 'missing'],
    ['was killed and said nothing', killed, 'missing'],
    ['was stopped and said nothing', ended, 'missing'],
    ['could not be started', { exitCode: null }, 'crash']
  ])('that %s', (_, how, outcome) => {
    expect(instanceOutcome(end(how))).toBe(outcome)
  })
})

group('a run', () => {
  const done = [result(0, 'success'), result(1, 'success')]
  const failed = result(2, 'failure', { error: 'no' })
  const lost = result(1, 'missing', killed)
  const silent = result(1, 'missing', { exitCode: 0 })

  it.each<[string, InstanceResult[], RunEnd, Verdict, string]>([
    ['whose instances all succeeded passes', done, {}, 'pass', 'all 2 instances succeeded'],
    ['with a failure fails', [...done, failed], { firstBad: failed }, 'fail', 'instance peers/2 failed (exit code 1): no'],
    ['with a crash fails', [result(0, 'success'), result(1, 'crash', { exitCode: 134 })],
      { firstBad: result(1, 'crash', { exitCode: 134 }) }, 'fail', 'instance peers/1 crashed (exit code 134)'],
    ['that lost an instance is unknown, whatever others did after it', [result(0, 'crash'), lost, failed], { firstBad: lost },
      'unknown', 'instance peers/1 was killed (SIGKILL)'],
    ['in which an instance fell silent is unknown', [result(0, 'missing', ended), silent], { firstBad: silent },
      'unknown', 'instance peers/1 ended without a result'],
    ['that was cut short is unknown', [result(0, 'success'), result(1, 'missing', ended)], { cutShort: 'the run was interrupted' },
      'unknown', 'the run was interrupted'],
    ['that was cut short is unknown even when all had succeeded', done, { cutShort: 'the run was interrupted' }, 'unknown', 'the run was interrupted'],
    ['that was cut short after an instance failed fails', [failed], { firstBad: failed, cutShort: 'the run was interrupted' },
      'fail', 'instance peers/2 failed (exit code 1): no']
  ])('%s', (_, instances, how, verdict, reason) => {
    expect(judgeRun('default', instances, how)).toEqual({ id: 'default', verdict, reason, instances })
  })

  it('is described by what its instance said', () => {
    expect(describe(result(3, 'crash', { error: 'no memory' }))).toBe('instance peers/3 crashed (exit code 1): no memory')
    expect(describe(result(3, 'success'))).toBe('instance peers/3 succeeded')
  })
})

group('several runs', () => {
  it.each<[Verdict[], Verdict]>([
    [['pass', 'pass'], 'pass'], [['pass', 'unknown'], 'unknown'], [['unknown', 'fail', 'pass'], 'fail'], [[], 'unknown']
  ])('%j are together %s', (verdicts, worst) => {
    expect(worstVerdict(verdicts)).toBe(worst)
  })

  it('are described by the first that tells why, with its name, or by all their instances', () => {
    const good = judgeRun('a', [result(0, 'success'), result(1, 'success')], {})
    const cut = judgeRun('b', [result(0, 'success')], { cutShort: 'the time was over' })
    const bad = judgeRun('c', [result(0, 'failure', { error: 'did not converge' })], { firstBad: result(0, 'failure', { error: 'did not converge' }) })
    expect(judgeRuns([good]).reason).toBe('all 2 instances succeeded')
    expect(judgeRuns([good, good])).toEqual({ verdict: 'pass', reason: 'all 4 instances of 2 runs succeeded' })
    expect(judgeRuns([good, cut])).toEqual({ verdict: 'unknown', reason: 'run b: the time was over' })
    expect(judgeRuns([good, cut, bad, bad])).toEqual({ verdict: 'fail', reason: 'run c: instance peers/0 failed (exit code 1): did not converge' })
    expect(judgeRuns([])).toEqual({ verdict: 'unknown', reason: 'nothing was run' })
  })
})
