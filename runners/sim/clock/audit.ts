import { createHook } from 'node:async_hooks'
import { isNative } from './actor.ts'

/** An asynchronous operation that virtual time does not govern, or of which nobody has found out whether it does. */
export interface Ungoverned {
  /** Of the resource, as `node:async_hooks` names it. */
  readonly type: string
  readonly count: number
  /** Where the first one was opened. */
  readonly stack: string
}

/** What Node itself drains before the next event begins, and the turns of the scheduler. */
const drained = ['PROMISE', 'Microtask', 'TickObject', 'Immediate']
/** An open file, which does nothing by itself; all that is done to it goes through native work that is governed. */
const passive = ['FILEHANDLE']
const allowed = new Set([...drained, ...passive])
/** Jobs of `node:crypto` that most functions do at once; of those that are done on the thread pool Node calls back. */
const cryptoJobs = new Set([
  'CHECKPRIMEREQUEST', 'CIPHERREQUEST', 'DERIVEBITSREQUEST', 'HASHREQUEST', 'KEYEXPORTREQUEST', 'KEYGENREQUEST', 'KEYPAIRGENREQUEST',
  'PBKDF2REQUEST', 'RANDOMBYTESREQUEST', 'RANDOMPRIMEREQUEST', 'SCRYPTREQUEST', 'SIGNREQUEST', 'VERIFYREQUEST'
])

/**
 * Looks at every asynchronous operation that begins from now on until what it returns is called. Allowed are those that Node
 * ends before the next event, those that were begun within native work whose end the scheduler has fixed, and what
 * `node:crypto` computes at once. It slows a simulation down several times and is for tests.
 */
export function startAudit (): () => Ungoverned[] {
  const found = new Map<string, { count: number, stack: string }>()
  const computing = new Map<number, { type: string, stack: string }>()

  const note = (type: string, stack: string): void => {
    const known = found.get(type)
    found.set(type, { count: (known?.count ?? 0) + 1, stack: known?.stack ?? stack })
  }

  const hook = createHook({
    init: (id, type) => {
      if (isNative()) {
        return
      }

      if (cryptoJobs.has(type)) {
        computing.set(id, { type, stack: stackHere() })
      } else if (!allowed.has(type)) {
        note(type, stackHere())
      }
    },
    before: (id) => {
      const job = computing.get(id)

      if (job != null) {
        note(job.type, job.stack)
      }
    }
  }).enable()

  return () => {
    hook.disable()
    return [...found].map(([type, { count, stack }]) => ({ type, count, stack }))
  }
}

function stackHere (): string {
  // Above it stand this function and the hook.
  return new Error('opened here').stack?.split('\n').slice(3).join('\n') ?? ''
}
