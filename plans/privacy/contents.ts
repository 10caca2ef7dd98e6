import { createRandom } from '../random.ts'
import type { Member } from '../members.ts'

/** A file of the case, which every instance can make, be it to hold it or to look for it. */
export interface Content {
  readonly holder: Member
  /** Random, so that it tells nobody what it is, and can be met nowhere else. */
  readonly name: string
  readonly bytes: Uint8Array
}

/** The private and the public files of all holders: of each size one and one. */
export function makeContents (
  holders: readonly Member[], { seed, file_bytes: sizes }: { seed: number, file_bytes: readonly number[] }
): Record<'private' | 'public', Content[]> {
  const make = (visibility: string): Content[] => holders.flatMap((holder) => sizes.map((size, i) => {
    const path = [visibility, String(holder.index), String(i)]
    return { holder, name: Buffer.from(randomBytes(seed, [...path, 'name'], 24)).toString('hex'), bytes: randomBytes(seed, path, size) }
  }))
  return { private: make('private'), public: make('public') }
}

function randomBytes (seed: number, path: readonly string[], length: number): Uint8Array {
  const { uint32 } = createRandom(seed, 'privacy', ...path)
  return new Uint8Array(Uint32Array.from({ length: Math.ceil(length / 4) }, uint32).buffer, 0, length)
}
