import { createRandom } from './random.ts'

/** Who dials whom while a cluster comes together. */
export interface Topology<M> {
  /** Whom a member dials, of those who are there before it or come with it. */
  dialledBy (member: M): readonly M[]
  /** With how many others a member is connected once all have dialled. */
  degreeOf (member: M): number
}

/**
 * Each member dials the members before it: all of them, or `dials` that the seed draws for it. Whoever has any before it
 * dials at least one, so that all are connected with each other, directly or through others.
 *
 * @param members - in the order in which they come
 * @param options.dials - the most that one member dials; 0 is no limit, which makes a full mesh
 */
export function createTopology<M extends { readonly index: number }> (
  members: readonly M[], { dials, seed }: { dials: number, seed: number }
): Topology<M> {
  const dialled = new Map(members.map((member, rank) => [member.index, choose(member, members.slice(0, rank))]))
  const degrees = new Map(members.map(({ index }) => [index, dialled.get(index)?.length ?? 0]))

  for (const { index } of [...dialled.values()].flat()) {
    degrees.set(index, (degrees.get(index) ?? 0) + 1)
  }

  function choose ({ index }: M, before: readonly M[]): readonly M[] {
    return dials === 0 || before.length <= dials ? before : createRandom(seed, 'dials', String(index)).shuffle(before).slice(0, dials)
  }

  return {
    dialledBy: ({ index }) => dialled.get(index) ?? [],
    degreeOf: ({ index }) => degrees.get(index) ?? 0
  }
}
