import { plain } from '../rows.ts'
import { valuesOfFacts } from './environment.ts'
import type { Facts } from './environment.ts'
import type { Study } from './study.ts'

const facts: ReadonlyArray<readonly [kind: keyof Facts, name: string]> = [
  ['identity', 'case'], ['identity', 'runner'], ['environment', 'fidelity'], ['environment', 'network']
]
const seedsMax = 4
const commitCharacters = 10

/** "case ci · runner sim · fidelity ideal · network lan · seeds 1 to 9 · base 1f2e3d4c5b, 9 runs · head …", for every figure. */
export function sourceOf (base: Study, head: Study): string {
  const all = [...base.runs, ...head.runs]
  const shared = facts.map(([kind, name]) => {
    const values = valuesOfFacts(all.map((run) => run.facts[kind])).get(name) ?? ['unknown']
    return `${name} ${values.join(' and ')}`
  })
  return plain([...shared, seedsOf(all.map(({ seed }) => seed)), sideOf('base', base), sideOf('head', head)].join(' · '))
}

function seedsOf (seeds: readonly string[]): string {
  const different = [...new Set(seeds)].sort((a, b) => Number(a) - Number(b) || (a < b ? -1 : 1))
  const [first, last] = [different[0], different.at(-1)]
  if (different.length === 1) return `seed ${first}`
  if (different.length <= seedsMax) return `seeds ${different.join(', ')}`
  return Number(last) - Number(first) === different.length - 1 ? `seeds ${first} to ${last}` : `${different.length} seeds from ${first} to ${last}`
}

function sideOf (side: string, { runs }: Study): string {
  const commits = valuesOfFacts(runs.map(({ facts: { code } }) => code)).get('commit') ?? ['unknown']
  const shown = commits.map((commit) => commit.replace(/^[0-9a-f]{11,}/, (hash) => hash.slice(0, commitCharacters)))
  return `${side} ${shown.length > 2 ? `${shown.length} commits` : shown.join(' and ')}, ${runs.length} ${runs.length === 1 ? 'run' : 'runs'}`
}
