import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isArchiveName } from './archive.ts'

/**
 * The run folders and archives that a path stands for: itself, or those that lie in it; none where it is a folder that
 * holds none.
 *
 * @throws the system's error where it cannot be read
 */
export async function runsOf (path: string): Promise<string[]> {
  if ((await stat(path)).isFile()) return isArchiveName(path) ? [path] : []
  if (await isRunFolder(path)) return [path]
  const entries = await readdir(path, { withFileTypes: true })
  const runs: string[] = []
  for (const entry of entries.sort((a, b) => a.name < b.name ? -1 : 1)) {
    const place = join(path, entry.name)
    // Symbolic links, such as latest, name what is there anyway, or lead elsewhere.
    if (entry.isDirectory() ? await isRunFolder(place) : entry.isFile() && isArchiveName(entry.name)) runs.push(place)
  }
  return runs
}

/** Whether a folder is one that a run left behind. */
export async function isRunFolder (path: string): Promise<boolean> {
  const names = await readdir(path)
  return names.includes('run.json') || names.includes('instances')
}
