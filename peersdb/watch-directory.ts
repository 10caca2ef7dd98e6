import { watch } from 'node:fs'
import { UnfinishedRecordError } from './records/record.ts'
import { scan } from './records/scan.ts'
import type { Destination } from './records/destination.ts'
import type { JobRecord } from './records/record.ts'
import type { Candidate } from './records/scan.ts'

export interface WatchDirectoryInit {
  directory: string
  destination: Destination
  /** The longest pause between two looks, in milliseconds; changes that the system tells of are looked at sooner. */
  rescanMs?: number
  /** How long files have to stay as they are before they are judged, in milliseconds. */
  settleMs?: number
  /** A record was contributed. */
  onContributed?: (record: JobRecord, cid: string) => void
  /** A record was found to have been contributed before. */
  onKnown?: (record: JobRecord, cid: string) => void
  /** Something is not finished, or went wrong; it is tried again. Told once for each new sentence. */
  onFailure?: (err: Error) => void
}

/** What is known of a candidate: the files as they were, and whether there is nothing left to do about them. */
interface Progress {
  stamp: string
  done: boolean
  told?: string
}

/**
 * Contributes each finished record of a directory, once, as it appears: the records of scout directories, and the configurations of
 * C3O tables. What was contributed is known from the destination, by content, so that a restart contributes nothing twice.
 *
 * No file tells by itself whether its writer is done. A record is taken for finished when it is whole by its own layout and stayed as it
 * is between two looks. Writers that want to be certain write the report last, or move the finished directory into place.
 *
 * @returns when the signal aborts
 * @throws {RecordDirectoryError} where the directory cannot be read
 */
export async function watchDirectory (init: WatchDirectoryInit, { signal }: { signal: AbortSignal }): Promise<void> {
  const { directory, rescanMs = 30_000, settleMs = 1_000 } = init
  const progress = new Map<string, Progress>()
  const changes = createChanges(directory, init.onFailure)

  try {
    while (!signal.aborted) {
      const unsettled = await look(init, progress, signal)
      await changes.next({ atLeastMs: settleMs, atMostMs: unsettled ? settleMs : rescanMs, signal })
    }
  } catch (err) {
    if (!signal.aborted) {
      throw err
    }
  } finally {
    changes.close()
  }
}

/** One look at everything; true where something changed since the last one. */
async function look (init: WatchDirectoryInit, progress: Map<string, Progress>, signal: AbortSignal): Promise<boolean> {
  const candidates = await scan(init.directory, { signal })
  const paths = new Set(candidates.map(({ path }) => path))
  let unsettled = false

  for (const path of [...progress.keys()].filter((known) => !paths.has(known))) {
    progress.delete(path)
  }

  for (const candidate of candidates) {
    const known = progress.get(candidate.path)

    if (known == null || known.stamp !== candidate.stamp) {
      progress.set(candidate.path, { stamp: candidate.stamp, done: false, told: known?.told })
      unsettled = true
    } else if (!known.done) {
      await settle(init, candidate, known, signal)
    }
  }

  return unsettled
}

/** Judges what stayed as it was. What is not finished waits for a change; what could not be contributed is tried again. */
async function settle (init: WatchDirectoryInit, candidate: Candidate, known: Progress, signal: AbortSignal): Promise<void> {
  try {
    for (const record of await candidate.read()) {
      const before = await init.destination.find(record, { signal })

      if (before == null) {
        init.onContributed?.(record, await init.destination.contribute(record, { signal }))
      } else {
        init.onKnown?.(record, before)
      }
    }

    known.done = true
  } catch (thrown) {
    signal.throwIfAborted()
    const err = thrown as Error
    known.done = err instanceof UnfinishedRecordError

    if (known.told !== err.message) {
      known.told = err.message
      init.onFailure?.(err)
    }
  }
}

/** Waits for what the system tells of a directory. It may tell nothing (network file systems), which is what the longest pause is for. */
function createChanges (directory: string, onFailure: WatchDirectoryInit['onFailure']) {
  let changed = Promise.withResolvers<void>()
  const watcher = watch(directory, { recursive: true }, () => { changed.resolve() })
  watcher.on('error', (err) => { onFailure?.(err as Error) })

  return {
    next: async ({ atLeastMs, atMostMs, signal }: { atLeastMs: number, atMostMs: number, signal: AbortSignal }): Promise<void> => {
      await pause(atLeastMs, signal)
      const over = new AbortController()
      await Promise.race([changed.promise, pause(atMostMs - atLeastMs, AbortSignal.any([signal, over.signal]))])
      over.abort()
      changed = Promise.withResolvers()
    },
    close: () => { watcher.close() }
  }
}

function pause (ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted || ms <= 0) {
      resolve()
      return
    }

    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal.addEventListener('abort', end, { once: true })
  })
}
