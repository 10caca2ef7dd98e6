import { setTimeout as delay } from 'node:timers/promises'
import { DaemonRefusalError } from './errors.ts'
import { readTask } from './daemon.ts'
import type { Daemon, Task } from './daemon.ts'

const pollMs = 500
const patienceMsDefault = 30_000

export interface FollowInit {
  readonly daemon: Daemon
  readonly taskId: string
  readonly onLog: (bytes: Buffer) => void
  readonly signal: AbortSignal
  /** A daemon that is not there for as long is given up. */
  readonly patienceMs?: number
}

/**
 * Follows the log of a task until the task has ended; a connection that was lost is made again, and goes on where it broke.
 *
 * @throws {DaemonRefusalError} where the daemon is gone, or does not know the task any more; the signal's reason when it aborts
 */
export async function followTask ({ daemon, taskId, onLog, signal, patienceMs = patienceMsDefault }: FollowInit): Promise<Task> {
  let seenBytes = 0
  let lostSinceMs: number | undefined

  for (;;) {
    try {
      const told = await readLog(daemon, taskId, signal, (bytes, atBytes) => {
        lostSinceMs = undefined
        const fresh = bytes.subarray(Math.max(0, seenBytes - atBytes))
        seenBytes = Math.max(seenBytes, atBytes + bytes.length)

        if (fresh.length > 0) {
          onLog(fresh)
        }
      })
      const task = told ?? await daemon.task(taskId)

      if (task == null) {
        throw new DaemonRefusalError(`the daemon at ${daemon.endpoint} does not know task ${taskId} any more; it may have been started again`, { cause: 'gone' })
      }

      lostSinceMs = undefined

      if (hasEnded(task)) {
        return task
      }
    } catch (err) {
      signal.throwIfAborted()
      lostSinceMs ??= performance.now()

      if (!(err instanceof DaemonRefusalError) || err.cause === 'gone' || performance.now() - lostSinceMs > patienceMs) {
        throw err
      }
    }

    await delay(pollMs, undefined, { signal }).catch(() => { signal.throwIfAborted() })
  }
}

/** Ends a task and waits until the daemon has ended it; undefined where it did not tell. */
export async function endTask (daemon: Daemon, taskId: string, timeoutMs: number): Promise<Task | undefined> {
  const untilMs = performance.now() + timeoutMs

  try {
    await daemon.kill(taskId)

    while (performance.now() < untilMs) {
      const task = await daemon.task(taskId)

      if (task == null || hasEnded(task)) {
        return task
      }

      await delay(pollMs)
    }
  } catch (err) {
    if (!(err instanceof DaemonRefusalError)) {
      throw err
    }
  }

  return undefined
}

function hasEnded ({ states }: Task): boolean {
  return ['complete', 'canceled'].includes(states.at(-1)?.state ?? '')
}

/** @returns the task with which the log ended; undefined where the log came to no end, or is not there yet */
async function readLog (
  daemon: Daemon, taskId: string, signal: AbortSignal, onBytes: (bytes: Buffer, atBytes: number) => void
): Promise<Task | undefined> {
  let atBytes = 0

  for await (const chunk of daemon.logs(taskId, signal)) {
    if (chunk.kind === 'progress') {
      onBytes(chunk.bytes, atBytes)
      atBytes += chunk.bytes.length
    } else if (chunk.kind === 'result') {
      return readTask(chunk.value)
    } else if (chunk.kind === 'error') {
      // The log of a task that has just begun may not be there yet; whether there is a task, the daemon is asked then.
      return undefined
    }
  }

  return undefined
}
