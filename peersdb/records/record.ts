/** The most bytes that one record may hold. */
export const recordBytesMax = 64 * 1024 * 1024

/** What a finished job left behind, ready to be contributed. */
export interface JobRecord {
  /** Relative to the watched directory, with `/` between folders. */
  readonly name: string
  /** What it is about, such as workload, framework and machine type, as far as its origin tells. */
  readonly attributes: Readonly<Record<string, string>>
  readonly bytes: Uint8Array
}

/** A directory of records cannot be read. */
export class RecordDirectoryError extends Error {
  override name = 'RecordDirectoryError'
}

/** Files that are no record, or not a whole one yet. The message names the file and what is missing. */
export class UnfinishedRecordError extends Error {
  override name = 'UnfinishedRecordError'
}
