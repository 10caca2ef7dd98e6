import { availableParallelism } from 'node:os'
import { extname } from 'node:path'
import { Tinypool } from 'tinypool'
import { ArchiveError, RunFolderError } from '../errors.ts'
import { reduceRun } from './reduce-run.ts'
import type { ReducedRun, ReduceTask } from './reduce-run.ts'
import type { Refused } from './reduce-thread.ts'

export interface ReduceAllOptions {
  by?: string | undefined
  onReduced: (reduced: ReducedRun) => void
  /** A run of so many rows has the others read by a thread for each core; a thread is not worth its start before. */
  rowsForThreads?: number
}

/**
 * Reduces run folders.
 *
 * @returns one for each, in their order
 * @throws RunFolderError | ArchiveError where one cannot be read
 */
export async function reduceAll (folders: readonly string[], options: ReduceAllOptions): Promise<ReducedRun[]> {
  const { by, onReduced, rowsForThreads = 100_000 } = options
  const reduced: ReducedRun[] = []
  for (const [done, folder] of folders.entries()) {
    const run = await reduceRun({ folder, by })
    reduced.push(run)
    onReduced(run)
    if (run.rows < rowsForThreads) continue
    const rest = folders.slice(done + 1).map((each) => ({ folder: each, by }))
    return [...reduced, ...await inThreads(rest, onReduced)]
  }
  return reduced
}

async function inThreads (tasks: readonly ReduceTask[], onReduced: ReduceAllOptions['onReduced']): Promise<ReducedRun[]> {
  if (tasks.length === 0) return []
  const pool = new Tinypool({
    // Built or not, the thread has the ending of this file.
    filename: new URL(`reduce-thread${extname(import.meta.filename)}`, import.meta.url).href,
    // What this process was started with, such as a program on its command line, is not for threads.
    execArgv: [],
    minThreads: 0,
    maxThreads: Math.min(availableParallelism(), tasks.length)
  })
  try {
    return await Promise.all(tasks.map(async (task) => {
      const answer = await pool.run(task) as ReducedRun | Refused
      if ('refused' in answer) throw new { RunFolderError, ArchiveError }[answer.refused](answer.message)
      onReduced(answer)
      return answer
    }))
  } finally {
    await pool.destroy()
  }
}
