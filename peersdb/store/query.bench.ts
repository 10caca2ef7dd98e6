import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CID } from 'multiformats/cid'
import { entryHashText, openStore } from './index.ts'
import { digestOf, sampleContribution } from './samples.test-helper.ts'
import { scan } from './scan.test-helper.ts'
import type { Query } from '../api.ts'
import type { Contribution } from '../contribution.ts'
import type { Store } from './index.ts'
import type { BenchRow } from '../../scripts/bench.ts'

const contributions = 11_000
const rounds = 5
const limitMs = 5

/** The shapes of a query that users ask, those that match nearly everything among them: an index helps those least. */
const queries: Record<string, Query> = {
  query_newest: {},
  query_attribute_rare: { attributes: { dataset: 'dataset-77' } },
  query_attribute_common: { attributes: { provider: 'aws' } },
  query_attributes_two_common: { attributes: { provider: 'aws', success: 'true' } },
  query_attributes_common_and_rare: { attributes: { provider: 'aws', dataset: 'dataset-77' } },
  query_attribute_any_of_three: { attributes: { workload: ['sort', 'grep', 'kmeans'] } },
  query_attribute_number_range: { attributes: { runtimeS: { min: 100, max: 900 } } },
  query_attribute_absent: { attributes: { nothing: 'x' } },
  query_size_range: { size: { min: 5_000, max: 90_000 } },
  query_created_range: { createdAt: { from: '2026-01-01T00:30:00Z', to: '2026-01-01T02:00:00Z' } },
  query_media_type: { mediaType: 'text/csv' },
  query_held: { held: true },
  query_not_held: { held: false },
  query_sorted_by_name: { sort: 'name', attributes: { success: 'true' } },
  query_sorted_by_attribute: { sort: 'attributes.runtimeS', order: 'descending', attributes: { workload: 'sort' } },
  query_sorted_by_attribute_that_few_have: { sort: 'attributes.comment', attributes: { success: 'true' } }
}

/** Spreads numbers evenly without any two neighbours being alike (Knuth's multiplicative hash). */
function scatter (index: number, below: number): number {
  return Math.floor((Math.imul(index, 2654435761) >>> 0) / 2 ** 32 * below)
}

function attributesOf (index: number): Record<string, string> {
  return {
    workload: ['sort', 'grep', 'kmeans', 'sgd', 'pagerank'][scatter(index, 5)] ?? '',
    machineType: `m${scatter(index + 1, 20)}.xlarge`,
    nodes: String(2 + scatter(index + 2, 12)),
    provider: scatter(index + 3, 10) === 0 ? 'azure' : 'aws',
    success: scatter(index + 4, 10) === 0 ? 'false' : 'true',
    runtimeS: String(scatter(index + 5, 1_000_000) / 1000),
    dataset: `dataset-${scatter(index + 6, 1000)}`,
    memoryGib: String(2 ** scatter(index + 7, 8)),
    run: String(index),
    [index % 1000 === 0 ? 'comment' : 'version']: `1.${scatter(index + 8, 8)}`
  }
}

/** Fills a store as a peer would that holds every other file. */
function fill (store: Store): Contribution[] {
  const documents: Contribution[] = []

  for (let start = 0; start < contributions; start += 100) {
    store.transaction(() => {
      for (let index = start; index < start + 100; index++) {
        const contribution = sampleContribution(index, { size: scatter(index + 9, 100_000), attributes: attributesOf(index) })
        const hash = digestOf(`entry ${index}`)
        store.catalogue.insert({ hash, clock: index, joined: true, contribution })
        documents.push({ ...contribution, hash: entryHashText(hash) })

        if (index % 2 === 0) {
          const { multihash } = CID.parse(contribution.cid)
          store.blocks.putSmall(multihash.bytes, digestOf(`file ${index}`))
          store.files.hold(CID.parse(contribution.cid), [multihash.bytes])
        }
      }
    })
  }

  return documents
}

/** The median, after one call that is not counted. */
function medianMs (work: () => unknown): number {
  work()
  const samples = Array.from({ length: rounds }, () => {
    const startedMs = performance.now()
    work()
    return performance.now() - startedMs
  })
  return samples.toSorted((a, b) => a - b)[Math.floor(rounds / 2)] ?? NaN
}

/** The promise of the catalogue: a page of 100 out of 11,000 contributions with ten attributes each, whatever is asked. */
export async function bench (): Promise<BenchRow[]> {
  const directory = await mkdtemp(join(tmpdir(), 'peersdb-bench-'))
  const store = await openStore({ directory })

  try {
    const documents = fill(store)
    const texts = documents.map((document) => JSON.stringify(document))
    const held = new Set(documents.filter((_, index) => index % 2 === 0).map(({ cid }) => cid))
    return Object.entries(queries).map(([name, query]) => {
      const scanned = (): Contribution[] =>
        scan(texts.map((text) => JSON.parse(text) as Contribution), { limit: 100, ...query }, (cid) => held.has(cid))
      assert.deepEqual(store.catalogue.page(query).contributions, scanned(), `${name} finds what a scan finds`)
      return {
        name,
        value: medianMs(() => store.catalogue.page(query)),
        unit: 'ms',
        samples: rounds,
        limit: limitMs,
        alternative: { name: 'scan of decoded JSON', value: medianMs(scanned) }
      }
    })
  } finally {
    await store.close()
    await rm(directory, { recursive: true })
  }
}
