import { createHash } from 'node:crypto'
import { createRandom } from '../random.ts'

/** As in the authors' plan, the bytes are the same in every run and at every seed. */
const contentSeed = 2

/** The file of a size. */
export function contentOf (bytes: number): Uint8Array {
  const { uint32 } = createRandom(contentSeed, 'transfer', String(bytes))
  const words = new Uint32Array(Math.ceil(bytes / 4))

  for (let i = 0; i < words.length; i++) {
    words[i] = uint32()
  }

  return new Uint8Array(words.buffer, 0, bytes)
}

export function sha256Of (content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}
