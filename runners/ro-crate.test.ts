import { describe, expect, it } from 'vitest'
import { roCrate } from './ro-crate.ts'
import type { RunRecord } from './run-folder.ts'

const record = {
  schema: 1, peerslab: '0.1.0', versions: { node: '24.0.0', libp2p: '3.3.11' }, lockFileSha256: null, commit: 'abc', dirty: true, host: { cores: 2 },
  runner: 'sim', fidelity: 'bandwidth', seed: 7, command: ['run', 'quick.toml'], startedAt: '2026-01-01T10:00:00.000Z', plan: 'peersdb', case: 'replication'
} as unknown as RunRecord

type Entity = Record<string, unknown> & { '@id': string, '@type': string | string[] }

const isReference = (value: unknown): value is { '@id': string } =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).join() === '@id'
const list = (value: unknown): unknown[] => Array.isArray(value) ? value : value === undefined ? [] : [value]
const idsOf = (value: unknown): string[] => list(value).filter(isReference).map((reference) => reference['@id'])
const isIn = (graph: readonly Entity[], id: string, type: string): boolean =>
  graph.some((entity) => entity['@id'] === id && list(entity['@type']).includes(type))
const isTime = (value: unknown): boolean => typeof value === 'string' && !Number.isNaN(Date.parse(value)) && /^\d{4}-\d\d-\d\dT/.test(value)
const filled = (value: unknown): boolean => typeof value === 'string' && value !== ''

/** What a validator of crates asks: of each entity that a rule is about, it has to hold. */
interface Rule {
  says: string
  about: (entity: Entity) => boolean
  holds: (entity: Entity, graph: readonly Entity[]) => boolean
}

const isRoot = (entity: Entity): boolean => entity['@id'] === './'
const isAction = ({ '@type': type }: Entity): boolean => type === 'CreateAction'
const isData = ({ '@id': id, '@type': type }: Entity): boolean => ['File', 'Dataset'].includes(String(type)) && id !== './'
const isSoftware = ({ '@type': type }: Entity): boolean => type === 'SoftwareApplication'

/** RO-Crate 1.2, "Root Data Entity", "Data Entities" and "Contextual Entities"; Process Run Crate 0.5, "Requirements". */
const rules: readonly Rule[] = [
  { says: '1.2: an entity has a type', about: () => true, holds: (entity) => list(entity['@type']).length > 0 },
  { says: '1.2: an identifier occurs once', about: () => true, holds: ({ '@id': id }, graph) => graph.filter((other) => other['@id'] === id).length === 1 },
  {
    says: '1.2: what is referred to is in the graph, or is an address', about: () => true,
    holds: (entity, graph) => Object.values(entity).flatMap(idsOf).every((id) => /^https?:/.test(id) || graph.some((other) => other['@id'] === id))
  },
  { says: '1.2: nothing is nested', about: () => true, holds: (entity) => Object.values(entity).flatMap(list).every((value) => typeof value !== 'object' || isReference(value)) },
  {
    says: '1.2: the descriptor is about the root and names its version', about: ({ '@id': id }) => id === 'ro-crate-metadata.json',
    holds: (entity) => entity['@type'] === 'CreativeWork' && idsOf(entity.about).join() === './' && idsOf(entity.conformsTo).includes('https://w3id.org/ro/crate/1.2')
  },
  { says: '1.2: the root is a Dataset with name and description', about: isRoot, holds: ({ '@type': type, name, description }) => type === 'Dataset' && filled(name) && filled(description) },
  { says: '1.2: the root says when it was published', about: isRoot, holds: ({ datePublished }) => isTime(datePublished) },
  { says: '1.2: the root has a licence, which is described', about: isRoot, holds: ({ license }, graph) => idsOf(license).some((id) => isIn(graph, id, 'CreativeWork')) },
  {
    says: '1.2: every file and folder is part of the root', about: isData,
    holds: ({ '@id': id }, graph) => idsOf(graph.find(isRoot)?.hasPart).includes(id)
  },
  { says: '1.2: a path is relative and does not climb out', about: isData, holds: ({ '@id': id }) => !/^(\/|[a-z]+:)|(^|\/)\.\.(\/|$)/i.test(id) },
  { says: '1.2: a folder ends with a slash', about: (entity) => isData(entity) && entity['@type'] === 'Dataset', holds: ({ '@id': id }) => id.endsWith('/') },
  {
    says: 'Process Run: the root conforms to the profile, which is described with its version', about: isRoot,
    holds: ({ conformsTo }, graph) => idsOf(conformsTo).some((id) => /\/wfrun\/process\/0\.5$/.test(id) && graph.some((entity) => entity['@id'] === id && filled(entity.version)))
  },
  { says: 'Process Run: the root mentions the action', about: isAction, holds: ({ '@id': id }, graph) => idsOf(graph.find(isRoot)?.mentions).includes(id) },
  { says: 'Process Run: the action has one instrument, a piece of software', about: isAction, holds: ({ instrument }, graph) => idsOf(instrument).length === 1 && isIn(graph, idsOf(instrument)[0]!, 'SoftwareApplication') },
  { says: 'Process Run: the action has a name and a description', about: isAction, holds: ({ name, description }) => filled(name) && filled(description) },
  { says: 'Process Run: the action says when it started, and when it ended if it did', about: isAction, holds: ({ startTime, endTime }) => isTime(startTime) && (endTime === undefined || isTime(endTime)) },
  { says: 'Process Run: what the action read is among the data', about: isAction, holds: ({ object }, graph) => idsOf(object).length > 0 && idsOf(object).every((id) => isIn(graph, id, 'File')) },
  { says: 'Process Run: what the action made is among the data', about: isAction, holds: ({ result }, graph) => idsOf(result).length > 0 && idsOf(result).every((id) => graph.some((entity) => isData(entity) && entity['@id'] === id)) },
  { says: 'Process Run: the status is one of schema.org', about: isAction, holds: ({ actionStatus }) => /^http:\/\/schema\.org\/(Active|Completed|Failed|Potential)ActionStatus$/.test(idsOf(actionStatus).join()) },
  { says: 'Process Run: the software has a name and one version', about: isSoftware, holds: ({ name, version, softwareVersion }) => filled(name) && filled(softwareVersion) !== filled(version) }
]

/** The rules that a crate breaks, and those that are about nothing in it. */
function broken (crate: object): string[] {
  const { '@context': context, '@graph': graph } = crate as { '@context': unknown, '@graph': Entity[] }
  return [
    ...(context === 'https://w3id.org/ro/crate/1.2/context' ? [] : ['1.2: the context is that of the version']),
    ...rules.flatMap(({ says, about, holds }) => {
      const entities = graph.filter(about)
      return entities.length > 0 && entities.every((entity) => holds(entity, graph)) ? [] : [says]
    })
  ]
}

describe('the research object of a run', () => {
  const ended = roCrate({ ...record, endedAt: '2026-01-01T10:00:40.000Z' })

  it.for([['that has ended', ended], ['that goes on', roCrate(record)]] as const)('%s keeps every rule', ([, crate]) => {
    expect(broken(crate)).toEqual([])
  })

  it('names no outcome while there is none, and says which code it was', () => {
    expect(JSON.stringify(roCrate(record))).not.toContain('outcome.json')
    expect(JSON.stringify(ended)).toContain('0.1.0 (commit abc, with changes)')
  })

  it.for<[string, string, (entity: Entity) => void]>([
    ['1.2: every file and folder is part of the root', './', (entity) => { entity.hasPart = [] }],
    ['1.2: the root has a licence, which is described', './', (entity) => { delete entity.license }],
    ['1.2: what is referred to is in the graph, or is an address', '#run', (entity) => { entity.result = { '@id': 'gone.txt' } }],
    ['Process Run: the action has one instrument, a piece of software', '#run', (entity) => { entity.instrument = { '@id': 'run.json' } }],
    ['Process Run: the software has a name and one version', '#peerslab', (entity) => { entity.version = '1' }]
  ])('would be found to break "%s"', ([rule, id, change]) => {
    const crate = structuredClone(ended) as { '@graph': Entity[] }
    change(crate['@graph'].find((entity) => entity['@id'] === id)!)
    expect(broken(crate)).toContain(rule)
  })
})
