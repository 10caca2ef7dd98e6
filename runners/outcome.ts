/**
 * What became of one instance, in its last life. `missing`: it ended, or was ended, without saying how its case went; `removed`: it
 * crashed for good, as the timeline of faults has it.
 */
export type InstanceOutcome = 'success' | 'failure' | 'crash' | 'missing' | 'removed'

/** `unknown`: it could not be judged, because an instance was lost or the run did not come to its end. */
export type Verdict = 'pass' | 'fail' | 'unknown'

/** How an instance's process ended, and what it had said by then. */
export interface InstanceEnd {
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  /** The last of the instance's events that tells how its case went. */
  readonly event?: { readonly kind: 'success' | 'failure' | 'crash', readonly error?: string }
  /** Whether the runner ended it. */
  readonly stopped: boolean
}

export interface InstanceResult {
  readonly group: string
  readonly index: number
  readonly outcome: InstanceOutcome
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  readonly error?: string
  /** Whether the runner ended it. */
  readonly stopped: boolean
  /** The last lines that it wrote, for those that did not succeed. */
  readonly lastLines: readonly string[]
  /** How many lives its process began with, where faults ended some. */
  readonly lives?: number
}

export interface RunOutcome {
  readonly id: string
  readonly verdict: Verdict
  readonly reason: string
  readonly instances: readonly InstanceResult[]
}

/** Judges one instance: its exit code must agree with what it said, for a process can die after its last word. */
export function instanceOutcome ({ exitCode, signal, event, stopped }: InstanceEnd): InstanceOutcome {
  if (event?.kind === 'failure' && !stopped) {
    return 'failure'
  }

  if (event?.kind === 'success' && exitCode === 0) {
    return 'success'
  }

  if (stopped || (exitCode === 0 && event == null)) {
    return 'missing'
  }

  return signal == null || event?.kind === 'crash' ? 'crash' : 'missing'
}

/** Whether an instance ended badly, and by itself. */
export function isBad ({ outcome, stopped }: InstanceResult): boolean {
  return outcome !== 'success' && outcome !== 'removed' && !stopped
}

/** How a run came to its end. */
export interface RunEnd {
  /** The first instance that ended badly by itself; what others did after it may be its doing. */
  readonly firstBad?: InstanceResult
  /** Why the runner ended the run, where no instance did. */
  readonly cutShort?: string
}

/**
 * Judges a run by what ended it. A judgement that did not hold, or an instance that crashed, is a fail; an
 * instance that was killed or fell silent, or a run that was cut short, leaves it unknown.
 */
export function judgeRun (id: string, instances: readonly InstanceResult[], { firstBad, cutShort }: RunEnd): RunOutcome {
  if (firstBad != null) {
    return { id, verdict: firstBad.outcome === 'missing' ? 'unknown' : 'fail', reason: describe(firstBad), instances }
  }

  const removed = instances.filter(({ outcome }) => outcome === 'removed').length
  const reason = removed === 0
    ? `all ${instances.length} instances succeeded`
    : `all ${instances.length - removed} instances succeeded that were to be there at the end, ${removed} crashed as planned`
  return cutShort == null ? { id, verdict: 'pass', reason, instances } : { id, verdict: 'unknown', reason: cutShort, instances }
}

/** The verdict of several runs: as bad as the worst of them. */
export function worstVerdict (verdicts: readonly Verdict[]): Verdict {
  return verdicts.includes('fail') ? 'fail' : verdicts.length === 0 || verdicts.includes('unknown') ? 'unknown' : 'pass'
}

/** What is said of several runs together: of the first one that is as bad as all of them, or that all went well. */
export function judgeRuns (runs: readonly RunOutcome[]): Pick<RunOutcome, 'verdict' | 'reason'> {
  const verdict = worstVerdict(runs.map((run) => run.verdict))
  const telling = runs.find((run) => run.verdict === verdict)

  if (telling == null) {
    return { verdict, reason: 'nothing was run' }
  }

  if (runs.length === 1) {
    return { verdict, reason: telling.reason }
  }

  const succeeded = runs.flatMap(({ instances }) => instances).filter(({ outcome }) => outcome === 'success').length
  return { verdict, reason: verdict === 'pass' ? `all ${succeeded} instances of ${runs.length} runs succeeded` : `run ${telling.id}: ${telling.reason}` }
}

/** "instance peers/3 crashed (exit code 1): …" */
export function describe ({ group, index, outcome, exitCode, signal, error }: InstanceResult): string {
  const how = {
    success: 'succeeded',
    failure: 'failed',
    crash: 'crashed',
    removed: 'crashed as planned',
    missing: signal == null ? 'ended without a result' : 'was killed'
  }[outcome]
  const end = signal ?? (exitCode == null || exitCode === 0 ? undefined : `exit code ${exitCode}`)
  return `instance ${group}/${index} ${how}${end == null ? '' : ` (${end})`}${error == null ? '' : `: ${error}`}`
}
