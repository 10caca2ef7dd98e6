import { CompositionError } from './errors.ts'
import { askedTotal, countInstances } from './instances.ts'
import { commandLineSource, defaultParams, fileSource, readParams } from './params.ts'
import { suggest } from './suggest.ts'
import { tableName } from './toml.ts'
import type { GroupForTestground, GroupSpec, RunSpec } from './composition.ts'
import type { AskedTotal, SizedGroup } from './instances.ts'
import type { Manifest } from './manifest.ts'
import type { Params } from './params.ts'
import type { RawComposition } from './schema.ts'
import type { TomlDocument, TomlPath } from './toml.ts'

export interface Sources {
  document: TomlDocument
  raw: RawComposition
  manifest: Manifest
  set: Params
  /** The composition's own directory. */
  directory: string
  workingDirectory: string
}

/** The runs of a composition in file order: `[[runs]]`, or one run "default" of all groups. */
export function expandRuns (sources: Sources): RunSpec[] {
  const { document, raw } = sources
  checkIds(document, raw.groups, ['groups'])
  checkIds(document, raw.runs ?? [], ['runs'])
  raw.runs?.forEach((run, index) => { checkIds(document, run.groups, ['runs', index, 'groups']) })
  const layers = readLayers(sources)
  if (raw.runs === undefined || raw.runs.length === 0) {
    const groups = raw.groups.map((group, index) => ({ ...group, path: ['groups', index] }))
    return [makeRun(sources, 'default', groups, askedTotal(raw), (index) => ({ params: layers.merge(index), ...forTestground(raw, raw.groups[index]!) }))]
  }
  return raw.runs.map((run, runIndex) => {
    const groups = run.groups.map((group, index) => {
      const path = ['runs', runIndex, 'groups', index]
      return { id: group.id, path, instances: group.instances, base: baseOf(document, raw, group, path) }
    })
    return makeRun(sources, run.id, groups, askedTotal(raw, runIndex), (index) => {
      const base = groups[index]!.base.index
      return { params: layers.merge(base, runIndex, index), ...forTestground(raw, raw.groups[base]!, run.groups[index]) }
    })
  })
}

function makeRun (
  sources: Sources, id: string, groups: SizedGroup[], total: AskedTotal, restOf: (index: number) => Omit<GroupSpec, 'id' | 'count'>
): RunSpec {
  const { document, raw, manifest } = sources
  const counts = countInstances(document, id, groups, total)
  const totalInstances = counts.reduce((all, count) => all + count, 0)
  const { min, max } = manifest.testcases[raw.global.case]!.instances
  if (totalInstances < min || totalInstances > max) {
    const path = total.value > 0 ? total.path : groups[0]!.path.slice(0, 2)
    throw new CompositionError(`${document.place(path)}: run "${id}" has ${totalInstances} instance${totalInstances === 1 ? '' : 's'}, ` +
      `but test case "${raw.global.case}" takes ${min} to ${max}; change the counts of its groups`)
  }
  const specs: GroupSpec[] = groups.map((group, index) => ({ id: group.id, count: counts[index]!, ...restOf(index) }))
  return { id, totalInstances, groups: specs }
}

/** What Testground alone needs to know, with what the run's group says before what its group and the whole say. */
function forTestground ({ global }: RawComposition, group: RawGroup, runGroup: RawRunGroup = { id: group.id }): GroupForTestground {
  const artifact = group.run?.artifact || global.run?.artifact
  const resources = { ...group.resources, ...runGroup.resources }
  const profiles = { ...global.run?.profiles, ...group.run?.profiles, ...runGroup.profiles }
  return {
    ...(group.builder ? { builder: group.builder } : {}),
    ...(group.build ? { build: group.build } : {}),
    ...(group.build_config ? { buildConfig: group.build_config } : {}),
    ...(artifact ? { artifact } : {}),
    ...(Object.keys(resources).length > 0 ? { resources } : {}),
    ...(Object.keys(profiles).length > 0 ? { profiles } : {})
  }
}

type RawGroup = RawComposition['groups'][number]
type RawRunGroup = NonNullable<RawComposition['runs']>[number]['groups'][number]

interface Layers { merge (groupIndex: number, runIndex?: number, runGroupIndex?: number): Params }

/** Every table of parameters is checked once, also where another one beats it. */
function readLayers ({ document, raw, manifest, set, directory, workingDirectory }: Sources): Layers {
  const name = raw.global.case
  const spec = manifest.testcases[name]!
  const read = (params: Params = {}, path: TomlPath): Params =>
    readParams(params, name, spec, fileSource(directory, (key) => document.place([...path, key])))
  const defaults = defaultParams(name, spec, fileSource(directory, () => manifest.file))
  const global = read(raw.global.run?.test_params, ['global', 'run', 'test_params'])
  const groups = raw.groups.map((group, index) => read(group.run?.test_params, ['groups', index, 'run', 'test_params']))
  const runs = (raw.runs ?? []).map((run, index) => ({
    own: read(run.test_params, ['runs', index, 'test_params']),
    groups: run.groups.map((group, at) => read(group.test_params, ['runs', index, 'groups', at, 'test_params']))
  }))
  const commandLine = readParams(set, name, spec, commandLineSource(workingDirectory))
  return {
    merge (groupIndex, runIndex, runGroupIndex) {
      const run = runIndex === undefined ? undefined : runs[runIndex]
      const runGroup = runGroupIndex === undefined ? undefined : run?.groups[runGroupIndex]
      return { ...defaults, ...global, ...groups[groupIndex], ...run?.own, ...runGroup, ...commandLine }
    }
  }
}

function baseOf (document: TomlDocument, raw: RawComposition, group: { id: string, group_id?: string | undefined }, path: TomlPath) {
  const id = group.group_id || group.id
  const index = raw.groups.findIndex((candidate) => candidate.id === id)
  const base = raw.groups[index]
  if (base === undefined) {
    const place = document.place([...path, group.group_id ? 'group_id' : 'id'])
    const hint = suggest(id, raw.groups.map((known) => known.id), 'group')
    throw new CompositionError(`${place}: there is no group "${id}" in [[groups]]; ${hint}`)
  }
  return { id, index, path: ['groups', index], instances: base.instances }
}

/** Ids become folder names and parts of the sync service's keys. */
function checkIds (document: TomlDocument, items: readonly { id: string }[], path: TomlPath): void {
  const lines = new Map<string, string>()
  items.forEach(({ id }, index) => {
    const place = document.place([...path, index, 'id'])
    const table = tableName([...path, index])
    if (!/^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(id)) {
      throw new CompositionError(`${place}: id "${id}" of ${table} cannot be a folder name; use letters, digits, "-", "_" and "."`)
    }
    const earlier = lines.get(id)
    if (earlier !== undefined) {
      throw new CompositionError(`${place}: id "${id}" of ${table} is taken by line ${earlier}; give each its own id`)
    }
    lines.set(id, place.slice(place.lastIndexOf(':') + 1))
  })
}
