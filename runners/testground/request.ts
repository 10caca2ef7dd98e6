import type { Composition, GroupSpec, Manifest, RunSpec } from '../composition/index.ts'

export interface RequestInit {
  readonly composition: Composition
  readonly run: RunSpec
  readonly manifest: Manifest
  /** Testground's runner. */
  readonly engine: string
  /** Parameters of each group as the instances are to see them. */
  readonly params: ReadonlyArray<Readonly<Record<string, string>>>
  /** The images of groups that need not be built; undefined for the others. */
  readonly artifacts: ReadonlyArray<string | undefined>
}

const builderDefault = 'docker:generic'

/**
 * What the daemon is asked to run (testground, pkg/api/rpc.go and composition.go): one run with its own groups, after all that
 * was merged here, so that it merges nothing differently.
 */
export function runRequest ({ composition, run, manifest, engine, params, artifacts }: RequestInit): object {
  const { metadata, plan, case: name, builder = builderDefault, buildConfig = {} } = composition
  const { build, concurrentBuilds, runConfig, disableMetrics } = composition
  return {
    priority: 1,
    build_groups: run.groups.flatMap((_, index) => artifacts[index] == null ? [index] : []),
    run_ids: [run.id],
    composition: {
      metadata: { name: metadata.name ?? composition.name, author: metadata.author ?? '' },
      global: {
        plan, case: name, builder, runner: engine,
        total_instances: run.totalInstances,
        concurrent_builds: concurrentBuilds ?? 0,
        build_config: buildConfig,
        build: build ?? null,
        run_config: runConfig,
        run: null,
        disable_metrics: disableMetrics
      },
      groups: run.groups.map((group, index) => ({
        id: group.id,
        builder: group.builder ?? builder,
        build_config: { ...buildConfig, ...group.buildConfig },
        build: { selectors: [], dependencies: [], ...group.build },
        resources: resourcesOf(group),
        instances: { count: group.count, percentage: 0 },
        run: { artifact: artifacts[index] ?? '', test_params: params[index], profiles: group.profiles ?? {} }
      })),
      runs: [{
        id: run.id,
        total_instances: run.totalInstances,
        test_params: {},
        groups: run.groups.map((group, index) => ({
          id: group.id,
          group_id: group.id,
          resources: resourcesOf(group),
          instances: { count: group.count, percentage: 0 },
          test_params: params[index],
          profiles: group.profiles ?? {}
        }))
      }]
    },
    manifest: manifestOf(manifest),
    created_by: {}
  }
}

/** Groups with the same key are built once. */
export function buildKey ({ builder = builderDefault, buildConfig = {}, build }: Composition, group: GroupSpec, sources: string): string {
  return JSON.stringify([group.builder ?? builder, { ...buildConfig, ...group.buildConfig }, group.build ?? build ?? {}, sources])
}

/** The body of the request: what is to be run, and the archive of the plan where it is to be built. */
export async function * multipart (
  request: object, archive: AsyncIterable<Buffer> | undefined, boundary: string
): AsyncGenerator<Buffer | string> {
  yield part(boundary, 'application/json', 'composition.json')
  yield JSON.stringify(request)

  if (archive != null) {
    yield part(boundary, 'application/zip', 'plan.zip')
    yield * archive
  }

  yield `\r\n--${boundary}--\r\n`
}

function part (boundary: string, type: string, file: string): string {
  return `\r\n--${boundary}\r\nContent-Type: ${type}\r\nContent-Disposition: attachment; filename=${file}\r\n\r\n`
}

function resourcesOf ({ resources = {} }: GroupSpec): object {
  return { memory: resources.memory ?? '', cpu: resources.cpu ?? '' }
}

/** The daemon has no names of its own for what a manifest holds, but those of its source (testground, pkg/api/manifest.go). */
function manifestOf ({ name, builders, runners, testcases }: Manifest): object {
  return {
    Name: name,
    Builders: builders,
    Runners: runners,
    TestCases: Object.entries(testcases).map(([testcase, { instances: { min, max }, params }]) => ({
      Name: testcase,
      Instances: { Minimum: min, Maximum: max },
      Parameters: Object.fromEntries(Object.entries(params).map(([param, { type, description, unit, default: value }]) =>
        [param, { Type: type, Description: description, Unit: unit ?? '', Default: value ?? null }]))
    })),
    ExtraSources: {}
  }
}
