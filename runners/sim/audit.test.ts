import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'
import { bundleOptions, isolatePlugin } from '../../scripts/bundle.ts'
import { packageRoot } from '../files.ts'
import { auditedState } from './audited-state.ts'
import { isolatedSource, isolations } from './isolate.ts'
import { changedByFunctions } from './module-state.test-helper.ts'
import { simulateQuick } from './simulate.test-helper.ts'
import type { Metafile } from 'esbuild'

describe('asynchronous operations', () => {
  it.each(['fast', 'stock'])('of peers that sync in the mode %s are all governed by virtual time', async (sync) => {
    const { end, how, lastLines } = await simulateQuick({
      set: { contributions: '6', interval_ms: '100', store: 'disk', sync }, job: { audit: true }
    })
    expect([how, ...lastLines]).toEqual(['exit code 0'])
    expect(end?.results.map(({ outcome }) => outcome)).toEqual(Array.from({ length: 8 }, () => 'success'))
    // Locks of other processes and threads would be asked for here; a simulation has none.
    expect(end?.ungoverned).toEqual([{ type: 'MESSAGEPORT', count: 1, stack: expect.stringMatching(/BroadcastChannel[^]*createMortice/) as string }])
  }, 150_000)
})

describe('what modules keep', () => {
  it.each<[string, string, string[]]>([
    ['a variable that a function assigns', 'let a = 0; export function f () { a++ }', ['a']],
    ['a variable that is assigned as the module is loaded', 'let a = 0; a = 1; for (const b of []) a += b', []],
    ['a variable of the function itself', 'let a = 0; function f () { let a; a = 1 } function g (a) { a = 2 } function h () { for (let a = 0;; a++) {} }', []],
    ['a constant Map', 'const a = new Map(); const f = () => { a.set(1, 2) }', ['a']],
    ['a Map in a class', 'class A { static all = new Map(); add (b) { A.all.set(b) } }', ['A']],
    ['a property of a function', 'function f () { f.bytes = 1 } function g () { Object.assign(f, {}) }', ['f']],
    ['what another module exports', 'import { a } from "b"; import * as c from "d"; export const f = () => { a.list.push(1); delete c.x }', ['a', 'c']],
    ['a variable of a function that is called at once', 'const f = (() => { let n = 0; return () => n++ })()', ['n']],
    ['what is only read', 'const a = new Map(); let b = 1; const f = () => a.get(b)', []]
  ])('and functions change is found: %s', (_, source, names) => {
    expect(changedByFunctions(source, 'module.js')).toEqual(names)
  })

  it('is what was reviewed, module by module: what is new must be read, and added to the list or made each instance\'s own', async () => {
    const found = new Set<string>()

    for (const { module, source } of await sourcesOfSimulation()) {
      changedByFunctions(source, module).forEach((name) => found.add(`${module}: ${name}`))
    }

    expect([...found].sort()).toEqual(auditedState.flatMap(({ module, names }) => names.map((name) => `${module}: ${name}`)).sort())
  }, 120_000)

  it('does not count what is loaded only for a peer that asks for the DHT or for multicast, which no plan does', async () => {
    const { lazy } = reachable(await bundled)
    expect([...lazy].sort()).toEqual([
      'peersdb/node.ts imports @libp2p/kad-dht/dist/src/index.js', 'peersdb/node.ts imports @libp2p/mdns/dist/src/index.js'
    ])
  }, 120_000)
})

/** What the simulation is made of. */
const bundled = metafile()

async function metafile (): Promise<Metafile> {
  const result = await build({
    ...bundleOptions, entryPoints: [join(packageRoot, 'runners', 'sim', 'simulation.ts')], absWorkingDir: packageRoot,
    outfile: 'simulation.js', write: false, metafile: true, plugins: [isolatePlugin()]
  })
  return result.metafile
}

/** The sources of which something is in the bundle and evaluated as it starts, as they are bundled. */
async function sourcesOfSimulation (): Promise<Array<{ module: string, source: string }>> {
  const { files } = reachable(await bundled)
  return Promise.all([...files].filter((file) => !file.endsWith('.json')).map(async (file) => {
    const module = moduleOf(file)
    const isolation = isolations.find((each) => module === `${each.package}/${each.file}`)
    return {
      module,
      source: isolation == null
        ? await readFile(join(packageRoot, file), 'utf8')
        : isolatedSource(isolation, join(packageRoot, 'node_modules', isolation.package))
    }
  }))
}

/** The same for all installed copies of a package. */
function moduleOf (file: string): string {
  return file.split('node_modules/').at(-1) ?? file
}

/**
 * The files of a bundle that are evaluated as it starts, and what it imports only when it is asked to. Helia's defaults are
 * imported by nothing that is left in the bundle.
 */
function reachable ({ inputs, outputs }: Metafile): { files: Set<string>, lazy: Set<string> } {
  const bundled = outputs['simulation.js']?.inputs ?? {}
  const isDropped = (file: string): boolean => file.endsWith('/libp2p-defaults.js') && (bundled[file]?.bytesInOutput ?? 0) === 0
  const seen = new Set(['runners/sim/simulation.ts'])
  const lazy = new Set<string>()

  for (const file of seen) {
    for (const { path, kind, external } of inputs[file]?.imports ?? []) {
      if (kind === 'dynamic-import' && external !== true) {
        lazy.add(`${file} imports ${moduleOf(path)}`)
      } else if (external !== true && !isDropped(path)) {
        seen.add(path)
      }
    }
  }

  return { files: new Set([...seen].filter((file) => (bundled[file]?.bytesInOutput ?? 0) > 0)), lazy }
}
