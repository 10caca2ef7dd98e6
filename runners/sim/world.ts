import type { World } from './clock/install.ts'

export type { World } from './clock/install.ts'
export type { Actor } from './clock/actor.ts'

/**
 * The clock is installed before any library is loaded, and so by a program of its own, which leaves here what the
 * simulation needs of it.
 */
const place = Symbol.for('peerslab.world')
/** Where libraries whose state is made each actor's own (see isolate.ts) ask for it. */
const isolatedPlace = Symbol.for('peerslab.isolated')

interface Places {
  [place]?: World
  [isolatedPlace]?: (key: string, create: () => unknown) => unknown
}

export function leaveWorld (world: World): void {
  const places = globalThis as Places
  places[place] = world
  places[isolatedPlace] = (key, create) => (world.currentActor() ?? world.harness).state(key, create)
}

export function findWorld (): World {
  const world = (globalThis as Places)[place]

  if (world == null) {
    throw new Error('the simulation was started without its clock; start it with node --import preload.js')
  }

  return world
}
