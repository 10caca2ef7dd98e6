/** A folder that cannot be analysed at all; the message says which, why and what to do. */
export class RunFolderError extends Error {
  override readonly name = 'RunFolderError'
}

/** An archive of which nothing can be used; the message says which, why and what to do. */
export class ArchiveError extends Error {
  override readonly name = 'ArchiveError'
}

/** The font without which no figure can be set; the message says which file, why and what to do. */
export class FontError extends Error {
  override readonly name = 'FontError'
}

/** A study of which no figure of the paper can be drawn; the message says why and what to do. */
export class PaperError extends Error {
  override readonly name = 'PaperError'
}

/** Runs cannot be served; the message says why and what to do. */
export class ServeError extends Error {
  override readonly name = 'ServeError'
}
