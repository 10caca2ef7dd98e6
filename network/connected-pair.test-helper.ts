import { createWorld } from './stage.test-helper.ts'
import { twoRegions } from './two-regions.test-helper.ts'
import type { Level } from './level.ts'
import type { receive } from './stage.test-helper.ts'
import type { TwoRegions } from './two-regions.test-helper.ts'

/** A network of three instances in two regions, of which the first two are connected. */
export async function setUp (init: TwoRegions = { oneWayMs: 50 }, level: Level = 'bandwidth') {
  const world = createWorld({ profile: twoRegions(init), level })
  const [one, two, three] = [await world.stand('one', 'a'), await world.stand('two', 'b'), await world.stand('three', 'b')]
  const { out, inn } = await world.connect(one, two)
  return { ...world, one, two, three, out, inn, startMs: world.stage.nowMs() }
}

/** The bytes that came, in their order. */
export const bytesOf = (arrivals: ReturnType<typeof receive>): number[] => arrivals.flatMap(({ bytes }) => [...bytes])
