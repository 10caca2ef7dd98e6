import { existsSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import * as z from 'zod'
import { commandLineSource, readParams } from './composition/params.ts'
import { RunRequestError } from './errors.ts'
import { readForeignManifest } from './composition/index.ts'
import type { Composition, Manifest, ReadOptions } from './composition/index.ts'

const anything = z.record(z.string(), z.unknown())
const build = z.object({
  selectors: z.array(z.string()).optional(),
  dependencies: z.array(z.object({ module: z.string(), target: z.string().optional(), version: z.string() })).optional()
}).optional()

const compositionSchema = z.object({
  file: z.string(),
  name: z.string().regex(/^[\w.-]+$/),
  metadata: z.object({ name: z.string().optional(), author: z.string().optional() }),
  plan: z.string(),
  planDirectory: z.string().optional(),
  case: z.string(),
  runner: z.string().optional(),
  builder: z.string().optional(),
  runConfig: anything,
  build,
  buildConfig: anything.optional(),
  concurrentBuilds: z.number().optional(),
  disableMetrics: z.boolean(),
  runs: z.array(z.object({
    id: z.string().regex(/^[\w.-]+$/),
    totalInstances: z.number().int().positive(),
    groups: z.array(z.object({
      id: z.string().regex(/^[\w.-]+$/),
      count: z.number().int().positive(),
      params: z.record(z.string(), z.string()),
      builder: z.string().optional(),
      build,
      buildConfig: anything.optional(),
      artifact: z.string().optional(),
      resources: z.object({ memory: z.string().optional(), cpu: z.string().optional() }).optional(),
      profiles: z.record(z.string(), z.string()).optional()
    }))
  }))
})

/**
 * The composition of an earlier run, out of its run folder, with the parameters that are set now.
 *
 * @returns undefined where the path is no directory, and so should be a composition
 * @throws {RunRequestError} for a directory that is no run folder
 * @throws {CompositionError} for a parameter that the case does not have
 */
export async function readRunAgain (
  path: string, { manifest: ownManifest, set: settings = {}, workingDirectory }: ReadOptions
): Promise<Composition | undefined> {
  const folder = resolve(workingDirectory, path)

  if (!await stat(folder).then((found) => found.isDirectory(), () => false)) {
    return undefined
  }

  const text = await readFile(join(folder, 'run.json'), 'utf8').catch(() => {
    throw new RunRequestError(`${path} is a directory without run.json; give a composition file, or the folder of an earlier run`)
  })
  const parsed = z.object({ composition: compositionSchema }).safeParse(parseJson(text, path))

  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new RunRequestError(`${path}/run.json: ${issue?.path.join('.') ?? 'it'} cannot be read (${issue?.message ?? 'malformed'}); run its composition instead`)
  }

  const { composition } = parsed.data
  const manifest = await manifestOf(composition, ownManifest)
  const spec = manifest.testcases[composition.case]

  if (spec == null) {
    throw new RunRequestError(`${path}/run.json is a run of case "${composition.case}", which this PeersLab does not have; use the one that wrote it`)
  }

  const set = readParams(settings, composition.case, spec, commandLineSource(workingDirectory))
  return {
    ...composition,
    metadata: { ...composition.metadata as Composition['metadata'] },
    runs: composition.runs.map((run) => ({
      ...run,
      groups: run.groups.map((group) => ({ ...group, params: { ...group.params, ...savedFaults(folder, run.id, group.params), ...set } }))
    }))
  }
}

/** The manifest of the plan of a composition, which may not be ours. @throws CompositionError */
export async function manifestOf ({ planDirectory }: { planDirectory?: string | undefined }, own: Manifest): Promise<Manifest> {
  return planDirectory == null ? own : readForeignManifest(join(planDirectory, 'manifest.toml'))
}

/** The file of faults of an earlier run may be another one by now; what it was is in the run's folder. */
function savedFaults (folder: string, run: string, params: Readonly<Record<string, string>>): { faults?: string } {
  const saved = join(folder, 'instances', run, 'faults.json')
  return (params.faults ?? '') !== '' && existsSync(saved) ? { faults: saved } : {}
}

function parseJson (text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new RunRequestError(`${path}/run.json is cut short; run its composition instead`)
  }
}
