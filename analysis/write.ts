import { randomBytes } from 'node:crypto'
import { rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { RunFolderError } from './errors.ts'

/**
 * Writes a file whole or not at all: under a temporary name beside it, then renamed, so that a
 * reader never sees half of it and a failure leaves the old one.
 *
 * @throws RunFolderError when the folder cannot be written
 */
export async function writeWhole (path: string, data: string | Uint8Array): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`)
  try {
    await writeFile(temporary, data, { flag: 'wx' })
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw new RunFolderError(`Cannot write ${path}: ${(error as Error).message}. Make the folder writable, or copy it to where you may write and analyse the copy.`)
  }
}
