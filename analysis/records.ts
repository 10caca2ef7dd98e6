import * as z from 'zod'
import { plain } from './rows.ts'

/**
 * `run.json` and `outcome.json` as they are read. Every field may be missing (a run that was cut
 * short is still read); unknown fields are passed over, for a newer writer may know more.
 */

const text = z.string().transform(plain)
const json = z.record(z.string(), z.unknown())
const latencies = z.record(z.string(), z.record(z.string(), z.number().nonnegative()))

const network = z.object({
  name: text.optional(),
  regions: z.array(text).optional(),
  oneWayLatencyMs: latencies.optional(),
  description: text.optional(),
  source: text.optional()
})

const metric = z.object({
  name: text,
  unit: text,
  meaning: text,
  better: z.enum(['lower', 'higher', 'none'])
})

const group = z.object({
  id: text,
  count: z.number().int().min(0).max(100_000),
  params: json.optional()
})

const runRecord = z.object({
  schema: z.number().optional(),
  peerslab: text.optional(),
  runner: text.optional(),
  fidelity: text.optional(),
  seed: z.union([z.number(), text]).optional(),
  command: z.array(text).optional(),
  startedAt: text.optional(),
  endedAt: text.nullish(),
  plan: text.optional(),
  case: text.optional(),
  composition: json.optional(),
  network: network.optional(),
  host: json.optional(),
  versions: json.optional(),
  lockFileSha256: text.nullish(),
  commit: text.nullish(),
  dirty: z.boolean().nullish(),
  metrics: z.array(metric).optional(),
  runs: z.array(z.object({ id: text, groups: z.array(group) })).optional()
})

const instance = z.object({
  group: text,
  index: z.number().int().nonnegative(),
  outcome: z.enum(['success', 'failure', 'crash', 'missing', 'removed']),
  exitCode: z.number().nullish(),
  signal: text.nullish(),
  error: text.nullish(),
  lastLines: z.array(text).optional()
})

const outcomeRecord = z.object({
  verdict: z.enum(['pass', 'fail', 'unknown']),
  reason: text.optional(),
  runs: z.array(z.object({
    id: text,
    verdict: z.enum(['pass', 'fail', 'unknown']).optional(),
    instances: z.array(instance)
  })).optional()
})

export type RunRecord = z.infer<typeof runRecord>
export type OutcomeRecord = z.infer<typeof outcomeRecord>
export type InstanceOutcome = z.infer<typeof instance>
export type MetricRecord = z.infer<typeof metric>

/** The one version of `run.json` this program reads. */
export const schemaVersion = 1

export interface Parsed<T> {
  value: T
  /** One sentence per field that was not as expected and is left out. */
  problems: string[]
}

/** Reads `run.json`; fields that are not as expected are left out and named. */
export function parseRunRecord (text: string): Parsed<RunRecord> {
  return parseLeniently(runRecord, text, 'run.json', {})
}

/** Reads `outcome.json`; undefined when it holds no verdict that can be trusted. */
export function parseOutcomeRecord (text: string): Parsed<OutcomeRecord | undefined> {
  return parseLeniently<OutcomeRecord | undefined>(outcomeRecord, text, 'outcome.json', undefined)
}

function parseLeniently<T> (schema: z.ZodType<T>, text: string, file: string, empty: T): Parsed<T> {
  let raw: unknown
  try {
    raw = JSON.parse(text)
  } catch (error) {
    return { value: empty, problems: [`${file} is no JSON (${plain((error as Error).message)}): nothing of it is used.`] }
  }
  const whole = schema.safeParse(raw)
  if (whole.success) return { value: whole.data, problems: [] }
  const problems: string[] = []
  const rest = typeof raw === 'object' && raw !== null ? { ...raw } as Record<string, unknown> : {}
  for (const issue of whole.error.issues) {
    const field = String(issue.path[0] ?? '')
    if (field !== '' && !(field in rest)) continue
    problems.push(`${file}: "${plain(issue.path.join('.'))}" is not as expected (${plain(issue.message)}) and is left out.`)
    delete rest[field]
  }
  const again = schema.safeParse(rest)
  return { value: again.success ? again.data : empty, problems }
}
