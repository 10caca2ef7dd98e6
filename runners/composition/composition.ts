import { basename, dirname, join, resolve } from 'node:path'
import { CompositionError } from './errors.ts'
import { expandRuns } from './expand.ts'
import { readText } from './file.ts'
import { findPlan } from './find-plan.ts'
import { check } from './issues.ts'
import { expandTemplate } from './template/index.ts'
import { readForeignManifest } from './manifest.ts'
import { compositionSchema } from './schema.ts'
import { listKnown, nearest, suggest } from './suggest.ts'
import { parseToml } from './toml.ts'
import type { Manifest } from './manifest.ts'
import type { Params } from './params.ts'
import type { RawBuild, RawComposition } from './schema.ts'
import type { TomlDocument } from './toml.ts'

export interface GroupSpec extends GroupForTestground { id: string, count: number, params: Params }
/** What is said of a group to Testground alone; what is not said is not there. */
export interface GroupForTestground {
  builder?: string
  build?: RawBuild
  buildConfig?: Readonly<Record<string, unknown>>
  /** The image that it runs, where that is not to be built. */
  artifact?: string
  resources?: Readonly<{ memory?: string, cpu?: string }>
  profiles?: Readonly<Record<string, string>>
}
export interface RunSpec { id: string, totalInstances: number, groups: readonly GroupSpec[] }

/** A Testground composition, checked against the plan's manifest, merged and expanded. Frozen. */
export interface Composition {
  /** Absolute path. */
  file: string
  /** The file name without `.toml`. */
  name: string
  metadata: Readonly<{ name?: string, author?: string }>
  plan: string
  /** Where the plan is, if it is not ours: an absolute path. */
  planDirectory?: string
  case: string
  runner?: string
  builder?: string
  /** `[global.run_config]` as it stands; what the manifest says for a runner is in the manifest. */
  runConfig: Readonly<Record<string, unknown>>
  build?: RawBuild
  buildConfig?: Readonly<Record<string, unknown>>
  concurrentBuilds?: number
  disableMetrics: boolean
  /** In file order, where Testground goes by the alphabet. */
  runs: readonly RunSpec[]
}

export interface ReadOptions {
  /** That of our own plan; another one has its own. */
  manifest: Manifest
  /** Parameters from the command line: they beat the file everywhere. */
  set?: Params
  /** What relative paths on the command line count from: those in `set`, and `file` itself. */
  workingDirectory: string
  /** What templates in a composition see as `.Env`; by default that of this process. */
  env?: NodeJS.ProcessEnv
}

/**
 * Reads a Testground composition. Parameters are merged in Testground's order: run's group, run,
 * group, global, manifest default; `set` comes before all of them.
 *
 * @param file - as the user named it; messages show it like that
 * @throws CompositionError with file and line, or the option, in the message
 */
export async function readComposition (
  file: string, { manifest: ownManifest, set = {}, workingDirectory, env = process.env }: ReadOptions
): Promise<Composition> {
  const absolute = resolve(workingDirectory, file)
  const text = await readText(file, absolute, 'composition')
  const document = text.includes('{{')
    ? expandTemplate(text, { shown: file, directory: dirname(absolute), env })
    : parseToml(text, file)
  const raw = check(document, compositionSchema)
  const { plan } = raw.global
  const planDirectory = plan === ownManifest.name ? undefined : findPlan(document, plan, dirname(absolute), ownManifest.name)
  const manifest = planDirectory == null ? ownManifest : await readForeignManifest(join(planDirectory, 'manifest.toml'))
  checkNames(document, raw, manifest)
  const { global, metadata = {} } = raw
  return freeze({
    file: absolute,
    name: basename(absolute, '.toml'),
    metadata: { ...(metadata.name ? { name: metadata.name } : {}), ...(metadata.author ? { author: metadata.author } : {}) },
    plan: manifest.name,
    ...(planDirectory == null ? {} : { planDirectory }),
    case: global.case,
    ...(global.runner ? { runner: global.runner } : {}),
    ...(global.builder ? { builder: global.builder } : {}),
    runConfig: global.run_config ?? {},
    ...(global.build ? { build: global.build } : {}),
    ...(global.build_config ? { buildConfig: global.build_config } : {}),
    ...(global.concurrent_builds ? { concurrentBuilds: global.concurrent_builds } : {}),
    disableMetrics: global.disable_metrics ?? false,
    runs: expandRuns({ document, raw, manifest, set, directory: dirname(absolute), workingDirectory })
  })
}

function checkNames (document: TomlDocument, { global, groups }: RawComposition, manifest: Manifest): void {
  if (!Object.hasOwn(manifest.testcases, global.case)) {
    const known = Object.keys(manifest.testcases)
    const near = nearest(global.case, known)
    const hint = `${near === undefined ? '' : `write case = "${near}"; `}${listKnown(known, 'case')}`
    throw new CompositionError(`${document.place(['global', 'case'])}: plan "${manifest.name}" has no test case "${global.case}"; ${hint}`)
  }
  const fits = (kind: string, name: string | undefined, known: object, path: (string | number)[]): void => {
    // An empty name is none: Testground writes it itself when it saves a composition.
    if (!name || Object.hasOwn(known, name)) return
    const hint = suggest(name, Object.keys(known), kind)
    throw new CompositionError(`${document.place(path)}: plan "${manifest.name}" is not made for ${kind} "${name}"; ${hint}`)
  }
  fits('runner', global.runner, manifest.runners, ['global', 'runner'])
  fits('builder', global.builder, manifest.builders, ['global', 'builder'])
  groups.forEach(({ builder }, index) => { fits('builder', builder, manifest.builders, ['groups', index, 'builder']) })
}

function freeze<T extends object> (value: T): T {
  for (const part of Object.values(value)) {
    if (typeof part === 'object' && part !== null && !(part instanceof Date)) freeze(part)
  }
  return Object.freeze(value)
}
