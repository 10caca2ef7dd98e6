import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

const bufferedLines = 4_096

/** A file of many lines, which are written many at once. */
export interface LineFile {
  write (line: string): void
  /** Writes what is kept back and closes the file. */
  close (): void
}

export function createLineFile (file: string): LineFile {
  mkdirSync(dirname(file), { recursive: true })
  const descriptor = openSync(file, 'w')
  let lines: string[] = []

  const flush = (): void => {
    writeSync(descriptor, lines.join(''))
    lines = []
  }

  return {
    write: (line) => {
      if (lines.push(`${line}\n`) >= bufferedLines) {
        flush()
      }
    },
    close: () => {
      flush()
      closeSync(descriptor)
    }
  }
}
