import { ParameterError } from '../errors.ts'
import type { Part, TransferParams } from './cast.ts'

/** Of every `of` leaves in a row a seed keeps so many. */
export interface Fraction {
  readonly leaves: number
  readonly of: number
}

/** What UnixFS cuts a file into, in bytes. */
export const leafBytes = 1024 * 1024

/** Whether it is less than the whole. */
export function isPart ({ leaves, of }: Fraction): boolean {
  return leaves < of
}

/**
 * Whether a seed keeps a leaf of the file: as in the authors' plan, each next seed begins a leaf later, so that seeds with less than
 * the whole lack different parts of it.
 *
 * @param seedIndex - the number of the seed among those of the run, from 0
 * @param place - that of the leaf in the file, from 0
 */
export function keepsLeaf ({ leaves, of }: Fraction, seedIndex: number, place: number): boolean {
  return (place + seedIndex) % of < leaves
}

/**
 * @param paramsOf - the parameters of a group
 * @throws {ParameterError} where a part of a file would be with no seed, so that no leech could get it
 */
export function requireWholeFiles (
  parts: ReadonlyArray<Pick<Part, 'nodeType' | 'groupName'>>, paramsOf: (group: string) => Pick<TransferParams, 'seed_fraction' | 'file_size'>
): void {
  const seeds = parts.filter(({ nodeType }) => nodeType === 'Seed').map(({ groupName }) => paramsOf(groupName))

  for (const bytes of seeds[0]?.file_size ?? []) {
    const count = Math.max(1, Math.ceil(bytes / leafBytes))
    const isLost = (place: number): boolean => seeds.every(({ seed_fraction: fraction }, i) => !keepsLeaf(fraction, i, place))
    const lost = Array.from({ length: count }, (_, place) => place).filter(isLost)

    if (lost.length > 0) {
      const fractions = [...new Set(seeds.map(({ seed_fraction: { leaves, of } }) => `${leaves}/${of}`))].join(' and ')
      throw new ParameterError(`with seed_fraction ${fractions} the ${seeds.length} seeds together lack ${lost.length} of the ${count} blocks of the file of ${bytes} bytes, so no leech could get it; raise seed_fraction, or have more seeds`)
    }
  }
}
