import { describe, expect, it } from 'vitest'
import { judgeValidation } from './judge.ts'
import { ratesOf } from './report.ts'
import type { Member } from '../members.ts'
import type { ValidationEvidence } from './judge.ts'
import type { ValidationReport } from './report.ts'
import type { Verdict } from '../../peersdb/index.ts'

const members = [0, 1].map((index) => ({ index, name: `peers/${index}`, group: 'peers', role: 'voter', region: 'r' }) satisfies Member)
const isSound = [true, true, false, true]

function report (init: Partial<ValidationReport> = {}): ValidationReport {
  const verdicts = init.verdicts ?? 'vviv'
  const looks = { count: 0, drawnMs: 0, takenMs: 0 }
  return { index: 1, verdicts, rates: ratesOf(verdicts, isSound), looks, isSound: true, stuffs: false, ...init }
}

function judged (init: Partial<ValidationEvidence>): string | undefined {
  return judgeValidation({
    strategy: 'majority', members, reports: [report()], verdicts: [], isSound, looksFindTruth: true,
    memberOf: (peerId) => members.find(({ index }) => peerId === `id-${index}`), ...init
  })?.message
}

const verdict = (votes: Verdict['votes']): Verdict => ({
  cid: 'baf', verdict: 'valid', strategy: 'majority', decidedAt: '', elapsedMs: 1, reasons: [], votes, messages: 1, bytes: 1
})

describe('rates of wrong verdicts', () => {
  it('are parts of what could have been wrong', () => {
    expect(ratesOf('vviv', isSound)).toEqual({ falseAccept: 0, falseReject: 0, undecided: 0 })
    expect(ratesOf('ivvu', isSound)).toEqual({ falseAccept: 1, falseReject: 1 / 3, undecided: 1 / 4 })
    expect(ratesOf('v', [true])).toEqual({ falseReject: 0, undecided: 0 })
    expect(ratesOf('', [])).toEqual({})
  })
})

describe('the judgement of validation', () => {
  it('finds nothing where all is as it must be', () => {
    expect(judged({})).toBeUndefined()
    expect(judged({ verdicts: [verdict([{ voter: 'id-0', valid: true, counted: true }])] })).toBeUndefined()
  })

  it('finds who votes twice, unless it is there to do so, and who counts twice whatever it is', () => {
    const once = { voter: 'id-0', valid: true, counted: true }
    const verdicts = [verdict([once, { ...once, counted: false }])]
    expect(judged({ verdicts })).toMatch(/^a vote of instance 0 \(peers\/0\) on baf was not counted, because it voted twice/)
    expect(judged({ verdicts, reports: [report({ stuffs: true, isSound: false })] })).toBeUndefined()
    expect(judged({ verdicts, strategy: 'cached' })).toBeUndefined()
    expect(judged({ verdicts: [verdict([once, once])] })).toBe('instance 0 (peers/0) counts more than once in the verdict on baf')
    expect(judged({ verdicts: [verdict([{ ...once, voter: 'nobody', counted: false }])] })).toContain('a peer that is none of this run (nobody)')
  })

  it('finds who reports before it has decided, and rates that do not follow', () => {
    expect(judged({ reports: [report({ verdicts: 'vv--' })] })).toBe('instance 1 (peers/1) reported after it had decided on 2 of 4 contributions')
    expect(judged({ reports: [report({ rates: { falseAccept: 0.5 } })] })).toContain('rates of wrong verdicts that do not follow')
  })

  it('finds wrong verdicts that nobody can have caused', () => {
    const reports = [report({ verdicts: 'vvvv' })]
    expect(judged({ reports })).toBe('instance 1 (peers/1) is wrong about contribution 2, though nobody lied and no look was mistaken')
    expect(judged({ reports: [...reports, report({ index: 0, verdicts: '', isSound: false })] })).toBeUndefined()
    expect(judged({ reports, looksFindTruth: false })).toBeUndefined()
    expect(judged({ reports: [report({ verdicts: 'vvuv' })] })).toBeUndefined()
    expect(judged({ strategy: 'none' })).toContain('does not take everything for valid')
    expect(judged({ strategy: 'none', reports })).toBeUndefined()
  })

  it('finds costs that are not those of their law, and costs that nobody paid', () => {
    const cost = { law: 'linear', index: 3 } as const
    const reports = (drawnMs: number, takenMs: number): ValidationReport[] => [report({ looks: { count: 500, drawnMs, takenMs } })]
    expect(judged({ cost, reports: reports(2000, 2010) })).toBeUndefined()
    expect(judged({ cost, reports: reports(2100, 2110) })).toBe('500 validations were to cost 4.200 ms on average, where the linear law gives 4.000 ms')
    expect(judged({ cost, reports: reports(2000, 3) })).toBe('instance 1 (peers/1) spent 3.000 ms on 500 validations that were to cost 2000 ms')
  })
})
