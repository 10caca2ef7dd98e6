import { checkDuplicates } from './checks/duplicates.ts'
import { checkOutliers } from './checks/outliers.ts'
import { checkRanges } from './checks/ranges.ts'
import { runsOf } from './checks/runs.ts'
import { checkKind, checkSchema, checkSize } from './checks/schema.ts'
import { readContent } from './content.ts'
import type { Verdict } from './verdict.ts'
import type { CheckContext, CheckedRecord, CheckOptions, Finding } from './checks/check.ts'
import type { Run, RunHistory } from './run-history.ts'
import type { Contribution } from '../contribution.ts'
import type { NamedContent } from '../files/listing.ts'

/** What is looked at, and what it is compared with. */
export interface Examined {
  contribution: Contribution
  /** The file, or all files of the directory. */
  files: AsyncIterable<NamedContent>
  history: RunHistory
  /** Milliseconds since 1970. */
  nowMs: number
}

export interface Examination {
  verdict: Verdict['verdict']
  reasons: string[]
  /** Of the content, in hexadecimal; empty where it was not read as a whole. */
  sha256: string
  runs: Run[]
}

/** Looks at one contribution. It rejects only where the content cannot be read. */
export type Validator = (examined: Examined, options: { signal: AbortSignal }) => Promise<Examination>

export interface ValidatorOptions extends Partial<CheckOptions> {
  /** The most bytes that are read and unpacked. */
  bytesMax?: number
}

const maxReasons = 8

/**
 * A validator of performance data: schema, ranges, duplicates, outliers. All files of an archive or a directory are one record.
 * A contribution is invalid where one check finds a fault in any of them,
 * and undecided where none does but one cannot tell. By default unknown content is undecided, and a run that has too few others
 * to be compared with is let through, since otherwise there would never be any.
 */
export function createValidator (options: ValidatorOptions = {}): Validator {
  const { bytesMax = 8 * 1024 * 1024, ...given } = options
  const checkOptions: CheckOptions = {
    tau: Math.log(3),
    runtimeSecondsMax: 7 * 24 * 3600,
    machineCountMax: 10_000,
    unknownContent: 'undecided',
    withoutModel: 'valid',
    ...given
  }

  return async ({ contribution, files, history, nowMs }, { signal }) => {
    const content = await readContent(contribution.name, files, bytesMax, signal)

    if ('problem' in content) {
      return { verdict: 'undecided', reasons: [`it ${content.problem}`], sha256: '', runs: [] }
    }

    return examine({ contribution, ...content, runs: [] }, { options: checkOptions, history, nowMs })
  }
}

/** Each stage relies on the ones before it having found nothing wrong. */
function examine (record: CheckedRecord, context: CheckContext): Examination {
  const findings = [checkSize, checkKind, checkSchema].flatMap((check) => check(record, context))

  if (!isFaulty(findings)) {
    findings.push(...checkRanges(record, context))
  }

  if (!isFaulty(findings)) {
    record.runs = runsOf(record.files, record.contribution)
    findings.push(...checkDuplicates(record, context), ...checkOutliers(record, context))
  }

  // What speaks against it comes first, so that it is never among the reasons that are left out.
  const sorted = findings.toSorted((a, b) => a.outcome.localeCompare(b.outcome))
  const reasons = sorted.slice(0, maxReasons).map(({ check, reason }) => `${check}: ${reason}`)

  return {
    verdict: sorted[0]?.outcome ?? 'valid',
    reasons: sorted.length > maxReasons ? [...reasons, `and ${sorted.length - maxReasons} more`] : reasons,
    sha256: record.sha256,
    runs: record.runs
  }
}

function isFaulty (findings: Finding[]): boolean {
  return findings.some(({ outcome }) => outcome === 'invalid')
}
