import { readdir, readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { CompositionError } from './errors.ts'
import { nearest } from './suggest.ts'

/**
 * The text of a TOML file.
 *
 * @param shown - the file as the user named it, for messages
 * @param file - its absolute path
 * @param what - what it should be: "composition" or "manifest"
 * @throws CompositionError when it is missing, a directory, unreadable or not UTF-8
 */
export async function readText (shown: string, file: string, what: string): Promise<string> {
  let bytes: Uint8Array
  try {
    bytes = await readFile(file)
  } catch (error) {
    throw new CompositionError(await unreadable(shown, file, what, error), { cause: error })
  }
  try {
    // The decoder also takes away a byte order mark, which TOML does not allow.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw new CompositionError(`${shown}: is not UTF-8 text, as TOML must be; save it as UTF-8`, { cause: error })
  }
}

async function unreadable (shown: string, file: string, what: string, error: unknown): Promise<string> {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
  if (code === 'EISDIR') {
    const inside = await tomlFiles(file)
    return inside.length > 0
      ? `${shown}: is a directory, not a ${what}; name one of the files in it: ${inside.join(', ')}`
      : `${shown}: is a directory, not a ${what}; name a .toml file`
  }
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    const directory = dirname(shown)
    const near = nearest(basename(file), await tomlFiles(dirname(file)))
    return near === undefined
      ? `${shown}: there is no such file; name a ${what} (a .toml file) that exists`
      : `${shown}: there is no such file; did you mean "${directory === '.' ? near : join(directory, near)}"?`
  }
  return `${shown}: cannot be read (${code}); check its permissions`
}

async function tomlFiles (directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).filter((name) => name.endsWith('.toml')).sort()
  } catch {
    // The directory only serves the hint; without it the message is still complete.
    return []
  }
}
