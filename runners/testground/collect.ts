import { unpack } from './archive.ts'
import { ArchiveError, DaemonRefusalError } from './errors.ts'
import type { Chunk } from './chunks.ts'
import type { DaemonRunInit } from './run.ts'

const timeoutMsWhole = 600_000
/** What was cut short is collected too, but then somebody waits for it. */
const timeoutMsCutShort = 30_000

/** Collects what a task left into the run folder. @returns why that could not be had, or not all of it */
export async function collect (
  { run, folder, daemon, engine, progress, signal }: DaemonRunInit, taskId: string, isCutShort: boolean
): Promise<string | undefined> {
  const timeoutMs = isCutShort ? timeoutMsCutShort : timeoutMsWhole
  const patience = AbortSignal.timeout(timeoutMs)
  const until = isCutShort ? patience : AbortSignal.any([patience, signal])
  let answer: boolean | undefined

  async function * archive (): AsyncGenerator<Buffer> {
    for await (const chunk of daemon.outputs(taskId, engine, until)) {
      if (chunk.kind === 'binary') {
        yield chunk.bytes
      } else if (chunk.kind !== 'progress') {
        answer = isThere(chunk)
        return
      }
    }
  }

  try {
    const leftOut = await unpack({
      archive: archive(), run, taskId, signal: until, instanceDirectory: (group, index) => folder.instanceDirectory(run.id, group, index)
    })
    leftOut.forEach((sentence) => { progress.say(sentence) })
    return answer === true ? undefined : `the daemon could not collect all that task ${taskId} left`
  } catch (err) {
    const sentence = patience.aborted
      ? `what task ${taskId} left could not be collected within ${timeoutMs / 1000} s`
      : signal.aborted && !isCutShort ? 'the run was interrupted' : explain(err as Error, taskId, answer)
    progress.say(sentence)
    return sentence
  }
}

/** @throws what nobody foresaw */
function explain (err: Error, taskId: string, answer: boolean | undefined): string {
  if ((err as NodeJS.ErrnoException).code === 'ENOSPC') {
    return `the disk is full, so that what task ${taskId} left could not be kept; make space, and run it again`
  }

  if (!(err instanceof ArchiveError) && !(err instanceof DaemonRefusalError)) {
    throw err
  }

  // An archive of nothing is no archive at all, which says less than that the daemon has nothing.
  return answer === false ? `the daemon could not collect what task ${taskId} left (${err.message})` : err.message
}

function isThere (chunk: Chunk): boolean {
  if (chunk.kind === 'error') {
    throw new DaemonRefusalError(`the daemon says: ${chunk.message}`)
  }

  return chunk.kind === 'result' && chunk.value === true
}
