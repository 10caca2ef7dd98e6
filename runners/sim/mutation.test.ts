import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bundleOptions } from '../../scripts/bundle.ts'
import { packageRoot } from '../files.ts'
import { firstDivergence } from './compare-runs.ts'
import { builtPrograms, simulateQuick } from './simulate.test-helper.ts'
import type { ProcessEnd } from './process.ts'

/** A defect of the clock: what stands in one of its modules, and what would stand there instead. */
interface Mutation {
  readonly module: string
  readonly is: string
  readonly becomes: string
}

const set = { contributions: '6', interval_ms: '100', store: 'disk' }
let directory: string
let trace: string
let sound: ProcessEnd
const traceSha256 = ({ end }: ProcessEnd): string | undefined => end?.summary.traceSha256
const passes = ({ end }: ProcessEnd): boolean => end?.results.every(({ outcome }) => outcome === 'success') === true

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'peerslab-mutation-'))
  trace = join(directory, 'sound.txt')
  sound = await simulateQuick({ set, job: { traceFile: trace } })
}, 120_000)
afterAll(async () => { await rm(directory, { recursive: true }) })

/** Simulates with a clock that has the defect. */
async function simulateWith ({ module, is, becomes }: Mutation, traceFile: string): Promise<ProcessEnd> {
  const preload = join(directory, 'preload.js')
  await build({
    ...bundleOptions,
    entryPoints: [join(packageRoot, 'runners/sim/preload.ts')],
    outfile: preload,
    sourcemap: false,
    plugins: [{
      name: 'mutate',
      setup: ({ onLoad }) => {
        onLoad({ filter: /runners.sim.clock.*\.ts$/ }, async ({ path }) => {
          const source = await readFile(path, 'utf8')

          if (!path.endsWith(module)) {
            return { contents: source, loader: 'ts' }
          }

          if (source.split(is).length !== 2) {
            throw new Error(`${module} does not say once: ${is}`)
          }

          return { contents: source.replace(is, () => becomes), loader: 'ts' }
        })
      }
    }]
  })
  return simulateQuick({ set, programs: { ...builtPrograms, preload }, job: { traceFile }, timeoutMs: 20_000 })
}

describe('the comparison of two simulations', () => {
  it('finds no difference where nothing is wrong with the clock', async () => {
    const again = await simulateWith({ module: 'event-queue.ts', is: 'a.order < b.order', becomes: 'a.order < b.order' }, join(directory, 'again.txt'))
    expect([passes(sound), passes(again)]).toEqual([true, true])
    expect(traceSha256(again)).toBe(traceSha256(sound))
  }, 120_000)

  it.each<[string, Mutation]>([
    ['an event is now and then swapped with one of the same time', {
      module: 'event-queue.ts', is: 'order: this.#order++', becomes: 'order: ++this.#order % 97 === 0 ? 0 : this.#order'
    }],
    ['every event runs before those of the same time that were asked for earlier', {
      module: 'event-queue.ts', is: 'a.order < b.order', becomes: 'a.order > b.order'
    }],
    ['a few events of different times are swapped, once', {
      module: 'event-queue.ts',
      is: 'const event: ScheduledEvent = { dueMs,',
      // A single one may be a timer that is taken back, of which nobody would know.
      becomes: 'const event: ScheduledEvent = { dueMs: Math.abs(this.#order - 5_000) < 20 ? dueMs + 1 : dueMs,'
    }],
    ['the world does not wait for native work', {
      module: 'scheduler.ts', is: 'if (event.completion?.settled === false) {', becomes: 'if (Math.abs(0) > 1) {'
    }]
  ])('finds one where %s', async (_, mutation) => {
    const file = join(directory, 'mutated.txt')
    const mutated = await simulateWith(mutation, file)
    expect(traceSha256(mutated)).not.toBe(traceSha256(sound))
    expect((await firstDivergence(trace, file))?.event).toBeGreaterThan(0)
  }, 120_000)
})

describe('a simulation in which the end of native work is lost', () => {
  it('does not pass, and ends', async () => {
    const mutated = await simulateWith({
      module: 'scheduler.ts', is: 'return (deliver) => {', becomes: 'if (event.order % 50 === 0) return () => {}\n    return (deliver) => {'
    }, join(directory, 'lost.txt'))
    expect([passes(mutated), mutated.cutShort]).toEqual([false, undefined])
    expect(mutated.how).not.toBe('exit code 0')
  }, 120_000)
})
