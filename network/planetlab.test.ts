import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { formatProfile } from './format-profile.ts'
import { samplePlanetlab } from './planetlab.ts'
import { createRandom } from './random.ts'

const roundTrips = (seed: string, sites: number): number[] => {
  const { latency } = samplePlanetlab({ sites, seed })
  return (latency?.matrix?.rows ?? []).flatMap((row, index) => row.slice(index + 1) as number[]).sort((a, b) => a - b)
}
const at = (sorted: number[], fraction: number): number => sorted[Math.round(fraction * (sorted.length - 1))] as number

describe('a sample of PlanetLab', () => {
  it.each([
    { fraction: 0.05, ms: 19.3 }, { fraction: 0.25, ms: 59.3 }, { fraction: 0.5, ms: 135 }, { fraction: 0.75, ms: 201.8 },
    { fraction: 0.9, ms: 290.7 }, { fraction: 0.95, ms: 324.9 }, { fraction: 0.99, ms: 412.6 }
  ])('has the published round trip of $ms ms at $fraction', ({ fraction, ms }) => {
    expect(Math.abs(at(roundTrips('7', 60), fraction) / ms - 1)).toBeLessThan(0.01)
  })

  it('has the published mean', () => {
    const values = roundTrips('7', 60)
    expect(values.reduce((sum, value) => sum + value) / values.length).toBeCloseTo(146.8, 0)
  })

  it('puts near to each other what sees about the same world', () => {
    const broken = (rows: readonly number[][]): number => {
      const all = rows.flatMap((row, a) => rows.flatMap((through, b) => rows.flatMap((_, c) =>
        a === b || b === c || a === c ? [] : [row[c]! > row[b]! + through[c]!])))
      return all.filter(Boolean).length / all.length
    }
    const rows = samplePlanetlab({ sites: 24, seed: '1' }).latency?.matrix?.rows as number[][]
    const shuffled = rows.map((row) => [...row])
    const draw = createRandom('shuffle')
    const values = rows.flatMap((row, index) => row.slice(index + 1)).map((ms) => ({ ms, order: draw() })).sort((a, b) => a.order - b.order)
    rows.forEach((row, a) => { row.forEach((_, b) => { if (b > a) shuffled[a]![b] = shuffled[b]![a] = values.pop()!.ms }) })
    expect(broken(rows)).toBeLessThan(0.7 * broken(shuffled))
  })

  it('is decided by its seed', () => {
    expect(roundTrips('1', 8)).toEqual(roundTrips('1', 8))
    expect(samplePlanetlab({ sites: 8, seed: '1' }).latency?.matrix?.rows).not.toEqual(samplePlanetlab({ sites: 8, seed: '2' }).latency?.matrix?.rows)
  })

  it('of 24 sites and seed 1 is the profile that comes with the package', async () => {
    const file = await readFile(new URL('../manifests/networks/planetlab-like.json', import.meta.url), 'utf8')
    expect(formatProfile(samplePlanetlab({ sites: 24, seed: '1' }))).toBe(file)
  })

  it.each([1, 2.5, NaN, 201])('of %d sites is refused', (sites) => {
    expect(() => samplePlanetlab({ sites, seed: '1' })).toThrow(`A sample of PlanetLab cannot have ${sites} sites: ask for 2 to 200.`)
  })
})
