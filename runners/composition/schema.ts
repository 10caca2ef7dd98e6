import * as z from 'zod'

const strings = z.record(z.string(), z.string())
const anything = z.record(z.string(), z.unknown())
const number = z.int().min(0, 'must not be negative; write 0 or more')

const instances = z.strictObject({
  count: number.optional(),
  percentage: z.number()
    .min(0, 'must lie between 0 and 1; a quarter of the total is percentage = 0.25')
    .max(1, 'must lie between 0 and 1; a quarter of the total is percentage = 0.25')
    .optional()
})

const resources = z.strictObject({ memory: z.string().optional(), cpu: z.string().optional() })

const build = z.strictObject({
  selectors: z.array(z.string()).optional(),
  dependencies: z.array(z.strictObject({
    module: z.string(),
    target: z.string().optional(),
    version: z.string()
  })).optional()
})

const run = z.strictObject({
  artifact: z.string().optional(),
  test_params: strings.optional(),
  profiles: strings.optional()
})

/** Every key that Testground's composition format knows (testground, pkg/api/composition.go), and no other. */
export const compositionSchema = z.strictObject({
  metadata: z.strictObject({ name: z.string().optional(), author: z.string().optional() }).optional(),
  global: z.strictObject({
    plan: z.string(),
    case: z.string(),
    runner: z.string().optional(),
    builder: z.string().optional(),
    total_instances: number.optional(),
    concurrent_builds: z.int().optional(),
    disable_metrics: z.boolean().optional(),
    build: build.optional(),
    build_config: anything.optional(),
    run: run.optional(),
    run_config: anything.optional()
  }),
  groups: z.array(z.strictObject({
    id: z.string(),
    builder: z.string().optional(),
    instances: instances.optional(),
    resources: resources.optional(),
    build: build.optional(),
    build_config: anything.optional(),
    run: run.optional()
  })).min(1, 'is empty; add a group with id and instances'),
  runs: z.array(z.strictObject({
    id: z.string(),
    total_instances: number.optional(),
    test_params: strings.optional(),
    groups: z.array(z.strictObject({
      id: z.string(),
      group_id: z.string().optional(),
      instances: instances.optional(),
      resources: resources.optional(),
      test_params: strings.optional(),
      profiles: strings.optional()
    })).min(1, 'is empty; add a group with the id of one of the [[groups]]')
  })).optional()
})

export type RawComposition = z.infer<typeof compositionSchema>
export type RawBuild = Readonly<z.infer<typeof build>>
export type RawInstances = z.infer<typeof instances>

/** The types that a parameter of a test case may have. */
export const paramTypes = ['int', 'float', 'bool', 'string', 'profile', 'corpus', 'file', 'list'] as const
export type ParamType = typeof paramTypes[number]

/**
 * What is needed of the manifest of a plan that others wrote. Testground looks at no type and ignores what it does not know, so that
 * anything may stand there.
 */
export const foreignManifestSchema = z.object({
  name: z.string().min(1, 'is empty; write the name of the plan'),
  defaults: z.object({ builder: z.string().optional(), runner: z.string().optional() }).optional(),
  builders: z.record(z.string(), anything).optional(),
  runners: z.record(z.string(), anything).optional(),
  testcases: z.array(z.object({
    name: z.string().min(1, 'is empty; write the name of the test case'),
    instances: z.object({ min: number, max: number, default: number.optional() }),
    params: z.record(z.string(), z.object({
      type: z.unknown().transform((): 'string' => 'string').default('string'),
      desc: z.string().default(''),
      unit: z.string().optional(),
      default: z.unknown().optional()
    })).optional()
  })).min(1, 'is empty; add a test case')
})

/** Testground's manifest format (testground, pkg/api/manifest.go); that Testground ignores what it does not know is no reason to. */
export const manifestSchema = z.strictObject({
  name: z.string().min(1, 'is empty; write the name of the plan'),
  defaults: z.strictObject({ builder: z.string().optional(), runner: z.string().optional() }).optional(),
  extra_sources: z.record(z.string(), z.array(z.string())).optional(),
  builders: z.record(z.string(), anything).optional(),
  runners: z.record(z.string(), anything).optional(),
  testcases: z.array(z.strictObject({
    name: z.string().min(1, 'is empty; write the name of the test case'),
    instances: z.strictObject({ min: number, max: number, default: number.optional() }),
    params: z.record(z.string(), z.strictObject({
      type: z.enum(paramTypes, { error: `must be one of ${paramTypes.join(', ')}; write type = "string" if it is none of the others` }),
      desc: z.string(),
      unit: z.string().optional(),
      default: z.unknown().optional()
    })).optional()
  })).min(1, 'is empty; add a test case')
})
