/** One file to contribute. The item itself is light; `bytes` makes or reads the content each time it is called. */
export interface CorpusItem {
  /** A scout record as an archive, a configuration of a C3O table, or any other file as it is. */
  readonly kind: 'record' | 'configuration' | 'file'
  /** Unique in its corpus, with `/` between folders, e.g. `grep/2-c4.2xlarge-….tsv`. */
  readonly name: string
  /** What the content is about, as far as its origin tells: workload, framework, machine_type, size, … */
  readonly attributes: Readonly<Record<string, string>>
  /** What is wrong with the content, on purpose; absent where nothing is. */
  readonly flaw?: string
  /**
   * The content, the same bytes on every machine.
   *
   * @throws {CorpusError} when the file behind it went away, became unreadable, too large, or changed where that matters
   */
  bytes (): Promise<Uint8Array>
}

/** An ordered list of files to contribute. A shorter corpus of the same origin and seed is a prefix of a longer one. */
export interface Corpus {
  /** One line for people: how many, from where, with which seed. */
  readonly description: string
  readonly items: readonly CorpusItem[]
}

/** The corpus cannot be had as asked. The message is the sentence for the user: the path, what is wrong, the cure. */
export class CorpusError extends Error {
  override readonly name = 'CorpusError'
}
