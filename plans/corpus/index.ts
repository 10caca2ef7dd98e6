import { CorpusError } from './item.ts'
import { generatedItems } from './generated.ts'
import { presets } from './presets.ts'
import { storedItems } from './stored.ts'
import { universeSize } from './scout-universe.ts'
import type { Corpus } from './item.ts'
import type { Preset } from './presets.ts'

export { CorpusError } from './item.ts'
export type { Corpus, CorpusItem } from './item.ts'

export interface CorpusInit {
  /** A directory of files to contribute. Where it is empty or absent, and no preset is named, records are generated. */
  readonly directory?: string | undefined
  /** The generated corpus of this name, instead of a directory. */
  readonly preset?: Preset | undefined
  /** At most this many contributions. Where fewer exist, all are taken; compare with `items.length`. */
  readonly count: number
  /** Decides what is generated, and which items come first. */
  readonly seed: number
}

/**
 * Opens the corpus of a run: the same items in the same order on every machine that has the same directory (or none) and seed. Whatever
 * can be known to be wrong without reading every file is refused here, not in the middle of a run.
 *
 * @throws {CorpusError} when the directory is missing, empty, unreadable or malformed, or the count is no whole number from 0
 */
export async function openCorpus (init: CorpusInit): Promise<Corpus> {
  const { directory, preset, count, seed } = init
  if (!Number.isSafeInteger(count) || count < 0) {
    throw new CorpusError(`A corpus cannot have ${count} contributions. Give a whole number from 0.`)
  }
  if (preset !== undefined) {
    const items = generatedItems({ preset, count, seed })
    return { description: `${items.length} of ${presets[preset]} generated contributions of preset ${preset}, seed ${seed}`, items }
  }
  if (directory === undefined || directory === '') {
    const items = generatedItems({ count, seed })
    return { description: `${items.length} of ${universeSize} generated scout-like records, seed ${seed}`, items }
  }
  const { items, available, contents } = await storedItems({ directory, count, seed })
  return { description: `${items.length} of ${available} contributions from ${directory} (${contents}), seed ${seed}`, items }
}
