import * as z from 'zod'
import { isPreset, presets } from './corpus/presets.ts'
import { ParameterError } from './errors.ts'
import { flawNames } from './executions/flaws.ts'
import { shareNames } from './executions/shares.ts'
import { churnNames } from './faults/presets.ts'
import { modelNames } from './models/index.ts'
import { jobNames } from './models/jobs.ts'
import { costLaws } from './validation/cost.ts'
import { behaviours } from './validation/voter.ts'
import { strategyNames } from '../peersdb/strategy-names.ts'
import { sabotageNames } from './sabotage.ts'

const count = z.string().regex(/^\d+$/, 'must be a whole number').transform(Number)
const number = z.string().regex(/^\d+(\.\d+)?$/, 'must be a number from 0').transform(Number)

const common = {
  network: z.string().default('none'),
  region: z.string().default('spread'),
  shaping: z.enum(['stream', 'sidecar', 'none']).default('stream'),
  seed: count.default(1),
  timeout_secs: count.refine((s) => s > 0, 'must be at least 1').default(120)
}

const corpus = {
  contributions: count.refine((n) => n > 0, 'must be at least 1').optional(),
  interval_ms: number.default(100),
  corpus: z.string().default(''),
  store: z.enum(['memory', 'disk']).default('memory'),
  sync: z.enum(['fast', 'stock']).default('fast'),
  dials: count.default(0),
  sabotage: z.enum(sabotageNames).default('none')
}

/** A preset is posted whole unless fewer contributions are asked for; a directory may hold anything, so that sixty of it are enough. */
function withCount<P extends { corpus: string, contributions?: number | undefined }> (params: P): P & { contributions: number } {
  const { corpus: source, contributions = isPreset(source) ? presets[source] : 60 } = params
  return { ...params, contributions }
}

const ratio = number.refine((share) => share <= 1, 'must be from 0 to 1')

/** Whole numbers above 0, separated by commas. */
const counts = z.string().regex(/^[1-9]\d*(,[1-9]\d*)*$/, 'must be whole numbers above 0, separated by commas').transform((text) => text.split(',').map(Number))

/** Whole numbers, separated by commas; none where it is empty. */
const countsOrNone = z.string().regex(/^(\d+(,\d+)*)?$/, 'must be whole numbers, separated by commas')
  .transform((text) => text === '' ? [] : text.split(',').map(Number))

/** A part of the whole, such as 1/2; all of it where it is empty. */
const fraction = z.string().regex(/^(\d+\/[1-9]\d*)?$/, 'must be a fraction such as 1/2')
  .transform((text) => {
    const [leaves = 1, of = 1] = text === '' ? [] : text.split('/').map(Number)
    return { leaves, of }
  })
  .refine(({ leaves, of }) => leaves <= of, 'must be a fraction of at most 1')

/** Some of the names, separated by commas, none of them twice. */
function listOf<const N extends readonly string[]> (names: N): z.ZodType<Array<N[number]>, string> {
  const parts = (text: string): string[] => text.split(',').map((part) => part.trim())
  return z.string()
    .refine((text) => parts(text).every((part) => names.includes(part)) && new Set(parts(text)).size === parts(text).length,
      `must be some of ${names.join(', ')}, separated by commas`)
    .transform(parts)
}

const ratios = z.string().regex(/^(0(\.\d+)?|1(\.0+)?)(, ?(0(\.\d+)?|1(\.0+)?))*$/, 'must be numbers from 0 to 1, separated by commas')
  .transform((text) => text.split(',').map(Number))

/** A part of the executions, some of them with flaws, for the cases that contribute executions of a job. */
const executions = {
  ...corpus,
  job: z.enum(jobNames).default('sgd'),
  contributions: count.refine((n) => n > 0, 'must be at least 1').default(Number.MAX_SAFE_INTEGER),
  flawed_share: ratio.default(0),
  flaws: listOf(flawNames).default([...flawNames])
}

const underFaults = {
  faults: z.string().default(''),
  sample_ms: count.refine((ms) => ms >= 100, 'must be at least 100').default(1000),
  store: z.enum(['memory', 'disk']).default('disk'),
  interval_ms: number.default(1000)
}

/** What the parameters of each case mean, once they are read. The manifest documents and types them for Testground. */
export const paramSchemas = {
  replication: z.object({ ...common, ...corpus, role: z.enum(['contributor', 'reader']).default('contributor') }).transform(withCount),
  scale: z.object({ ...common, ...corpus, role: z.enum(['contributor', 'reader']).default('contributor') }).transform(withCount),
  bootstrapping: z.object({
    ...common,
    ...corpus,
    role: z.enum(['peer', 'newcomer']).default('peer'),
    joins_at_once: count.refine((n) => n > 0, 'must be at least 1').default(1)
  }).transform(withCount),
  churn: z.object({
    ...common,
    ...corpus,
    ...underFaults,
    role: z.enum(['contributor', 'reader', 'root']).default('contributor'),
    churn: z.enum(churnNames).default('none'),
    duration_secs: count.refine((s) => s > 0, 'must be at least 1').default(60),
    time_scale: number.refine((scale) => scale > 0, 'must be above 0').default(1),
    crash_ratio: ratio.default(0.5),
    disk_loss_ratio: ratio.default(0)
  }).transform(withCount),
  partition: z.object({
    ...common,
    ...corpus,
    ...underFaults,
    role: z.enum(['contributor', 'reader']).default('contributor'),
    isolate: z.string().default(''),
    cut_at_secs: count.default(10),
    cut_secs: count.refine((s) => s > 0, 'must be at least 1').default(20)
  }).transform(withCount),
  privacy: z.object({
    ...common,
    role: z.enum(['holder', 'reader', 'hostile']).default('holder'),
    file_bytes: counts.refine((sizes) => sizes.every((bytes) => bytes >= 64), 'must be at least 64 each')
      .default([5_000, 200_000, 1_200_000]),
    store: corpus.store,
    sync: corpus.sync,
    dials: corpus.dials,
    sabotage: z.enum(['none', 'serve-private', 'leak-part']).default('none')
  }),
  modelling: z.object({
    ...common,
    ...executions,
    role: z.enum(['contributor', 'reader']).default('contributor'),
    models: listOf(modelNames).default(['ernest', 'gbm', 'bom', 'ogb', 'c3o']),
    test_share: ratio.refine((share) => share > 0 && share < 1, 'must be above 0 and below 1').default(0.1),
    checkpoints: ratios.default([0.1, 0.25, 0.5]),
    shares: z.enum(shareNames).default('random'),
    strategy: z.enum(strategyNames).default('none'),
    sabotage: z.enum(['none', 'report-early']).default('none')
  }),
  transfer: z.object({
    ...common,
    role: z.literal('peer').default('peer'),
    timeout_secs: common.timeout_secs.default(3600),
    sync: corpus.sync.default('stock'),
    run_count: count.refine((n) => n > 0, 'must be at least 1').default(20),
    run_timeout_secs: count.refine((s) => s > 0, 'must be at least 1').default(600),
    leech_count: count.default(2),
    passive_count: count.default(0),
    roles_by: z.enum(['run', 'group']).default('run'),
    seed_fraction: fraction.default({ leaves: 1, of: 1 }),
    bstore_delay_ms: count.default(5),
    file_size: counts.default([4_194_304]),
    latency_ms: count.default(5),
    leech_latency_ms: countsOrNone.default([]),
    seed_latency_ms: countsOrNone.default([]),
    jitter_pct: count.default(10),
    bandwidth_mb: count.refine((n) => n > 0, 'must be at least 1').default(1024),
    parallel_gen_mb: count.default(100),
    validation_enabled: z.enum(['true', 'false']).transform((text) => text === 'true').default(true),
    validation_algorithm: z.enum(costLaws).default('constant'),
    sabotage: z.enum(['none', 'report-early', 'wrong-data', 'keep-all', 'keep-nothing']).default('none')
  }),
  validation: z.object({
    ...common,
    ...executions,
    flawed_share: ratio.default(0.2),
    role: z.enum(['voter', 'asker']).default('voter'),
    strategy: z.enum(strategyNames).default('peersdb'),
    behaviour: z.enum(behaviours).default('honest'),
    error_rate: ratio.default(0),
    looks: z.enum(['all', 'own', 'duty']).default('all'),
    washes: count.refine((n) => n > 0, 'must be at least 1').default(3),
    looks_by: z.enum(['truth', 'content']).default('truth'),
    wait_ms: count.refine((ms) => ms > 0, 'must be at least 1').default(5000),
    sample_size: count.refine((peers) => peers > 0, 'must be at least 1').default(5),
    audit_share: ratio.default(0.1),
    pre_trusted: z.string().default(''),
    decisions_at_once: count.refine((n) => n > 0 && n <= 64, 'must be from 1 to 64').default(4),
    first_peersdb: z.enum(['true', 'false']).default('false').transform((text) => text === 'true'),
    cost_law: z.enum(['none', ...costLaws]).default('none'),
    cost_index: count.refine((index) => index <= 8, 'must be at most 8').default(0),
    sabotage: z.enum(['none', 'vote-twice', 'report-early', 'hurry']).default('none')
  }),
  link: z.object({
    ...common,
    role: z.literal('peer').default('peer'),
    pings: count.refine((n) => n > 0, 'must be at least 1').default(20),
    throughput_bytes: count.refine((n) => n >= 65_536, 'must be at least 65536').default(16_777_216),
    sabotage: z.enum(['none', 'elsewhere']).default('none')
  })
} as const

export type CaseName = keyof typeof paramSchemas
export type Params<C extends CaseName> = z.infer<(typeof paramSchemas)[C]>
export type CommonParams = Params<CaseName>
export type CorpusParams =
  Params<'replication' | 'scale' | 'bootstrapping' | 'churn' | 'partition' | 'modelling' | 'validation'>
export type FaultParams = Params<'churn' | 'partition'>

/**
 * Reads the parameters of one instance. Testground sends "null" for a parameter that has no default.
 *
 * @throws {ParameterError} naming the parameter and what it must be
 */
export function readParams<C extends CaseName> (caseName: C, given: Readonly<Record<string, string>>): Params<C> {
  const present = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== 'null'))
  const parsed = paramSchemas[caseName].safeParse(present)

  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    const name = String(issue?.path[0] ?? 'a parameter')
    throw new ParameterError(`parameter ${name} = "${present[name] ?? ''}" of case ${caseName} ${issue?.message ?? 'is malformed'}`)
  }

  return parsed.data as Params<C>
}
