import { describe as group, expect, it } from 'vitest'
import { describe, instanceOutcome, judgeRun, worstVerdict } from './outcome.ts'
import type { InstanceEnd, InstanceOutcome, InstanceResult, Verdict } from './outcome.ts'

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
  it.each<[string, InstanceResult[], string | undefined, Verdict, string]>([
    ['whose instances all succeeded passes', [result(0, 'success'), result(1, 'success')], undefined, 'pass', 'all 2 instances succeeded'],
    ['with a failure fails, whatever else happened', [result(0, 'crash'), result(1, 'missing'), result(2, 'failure', { error: 'no' })], 'time-out',
      'fail', 'instance peers/2 failed (exit code 1): no'],
    ['with a crash fails', [result(0, 'success'), result(1, 'crash', { exitCode: 134 })], undefined, 'fail', 'instance peers/1 crashed (exit code 134)'],
    ['that was cut short is unknown', [result(0, 'success'), result(1, 'missing', ended)], 'the run was interrupted', 'unknown', 'the run was interrupted'],
    ['that was cut short is unknown even when all had succeeded', [result(0, 'success')], 'the run was interrupted', 'unknown', 'the run was interrupted'],
    ['that lost an instance is unknown', [result(0, 'success'), result(1, 'missing', { exitCode: 0 })], undefined,
      'unknown', 'instance peers/1 ended without a result'],
    ['names the instance that was killed, not those that were ended for it',
      [result(0, 'missing', ended), result(1, 'missing', { ...killed, stopped: true }), result(2, 'missing', killed)], undefined,
      'unknown', 'instance peers/2 was killed (SIGKILL)'],
    ['names an instance that fell silent before those that were ended for it',
      [result(0, 'missing', ended), result(1, 'missing', { exitCode: 0 })], undefined, 'unknown', 'instance peers/1 ended without a result'],
    ['whose instances were all ended names one of them', [result(0, 'missing', ended)], undefined, 'unknown', 'instance peers/0 was killed (SIGTERM)']
  ])('%s', (_, instances, cutShort, verdict, reason) => {
    expect(judgeRun('default', instances, cutShort)).toEqual({ id: 'default', verdict, reason, instances })
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
})
