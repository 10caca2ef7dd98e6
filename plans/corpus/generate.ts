import { generatedItems } from './generated.ts'
import { writeDirectory } from './write.ts'
import type { Preset } from './presets.ts'
import type { ZipEntry } from '../../peersdb/records/zip.ts'

export interface GenerateInit {
  /** A directory that is new or empty. */
  readonly directory: string
  readonly preset: Preset
  /** At most this many contributions. */
  readonly count: number
  readonly seed: number
}

export interface CorpusProgress {
  /** Called after each contribution, with how many are done. */
  readonly onProgress: (done: number, of: number) => void
  readonly signal: AbortSignal
}

/** What a directory was given. */
export interface Written {
  readonly contributions: number
  readonly files: number
  readonly bytes: number
}

/**
 * Writes a preset into a directory, as the data set keeps it: one directory for each record. As a corpus, the directory has the very
 * items of the preset.
 *
 * @throws {CorpusError} as {@link writeDirectory}
 */
export async function generateCorpus (init: GenerateInit, { onProgress, signal }: CorpusProgress): Promise<Written> {
  const { directory, preset, count, seed } = init
  const items = generatedItems({ preset, count, seed })
  const written = { contributions: items.length, files: 0, bytes: 0 }
  function * files (): Generator<ZipEntry> {
    for (const [index, item] of items.entries()) {
      for (const file of item.files()) {
        written.files++
        written.bytes += file.bytes.byteLength
        yield file
      }
      onProgress(index + 1, items.length)
    }
  }
  await writeDirectory(directory, files(), signal)
  return written
}
