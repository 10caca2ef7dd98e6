import timers from 'node:timers'
import timersPromises from 'node:timers/promises'
import { promisify } from 'node:util'
import { replace } from './patch.ts'
import type { Scheduler } from './scheduler.ts'

/** Node.js takes a delay beyond this for 1 ms. */
const delayMsMax = 2 ** 31 - 1

const byId = new Map<number, VirtualTimer>()
let lastId = 0

/** What `setTimeout`, `setInterval` and `setImmediate` return; that of Node.js but for what keeps a process alive. */
class VirtualTimer {
  readonly #scheduler: Scheduler
  readonly #callback: () => void
  readonly #delayMs: number
  readonly #repeats: boolean
  #takeBack: (() => void) | undefined
  #closed = false
  #referenced = true
  #id: number | undefined

  constructor (scheduler: Scheduler, callback: () => void, delayMs: number, repeats: boolean) {
    this.#scheduler = scheduler
    this.#callback = callback
    this.#delayMs = delayMs
    this.#repeats = repeats
    this.#arm()
  }

  #arm (): void {
    this.#takeBack = this.#scheduler.at(this.#scheduler.nowMs + this.#delayMs, () => {
      this.#takeBack = undefined

      try {
        this.#callback()
      } finally {
        if (this.#repeats && !this.#closed) {
          this.#arm()
        } else {
          this.#forgetId()
        }
      }
    })
  }

  #forgetId (): void {
    if (this.#id != null) {
      byId.delete(this.#id)
    }
  }

  close (): this {
    this.#closed = true
    this.#takeBack?.()
    this.#takeBack = undefined
    this.#forgetId()
    return this
  }

  refresh (): this {
    if (!this.#closed) {
      this.#takeBack?.()
      this.#arm()
    }

    return this
  }

  ref (): this {
    this.#referenced = true
    return this
  }

  unref (): this {
    this.#referenced = false
    return this
  }

  hasRef (): boolean {
    return this.#referenced
  }

  /** A timer can be cleared by its number once somebody has asked for that. */
  [Symbol.toPrimitive] (): number {
    this.#id ??= ++lastId
    byId.set(this.#id, this)
    return this.#id
  }

  [Symbol.dispose] (): void {
    this.close()
  }
}

class AbortError extends Error {
  override name = 'AbortError'
  readonly code = 'ABORT_ERR'
}

/** A delay as Node.js takes it: whole milliseconds, at least one. */
function delayOf (delay: unknown): number {
  const ms = Math.trunc(Number(delay))
  return ms >= 1 && ms <= delayMsMax ? ms : 1
}

/** Replaces the timers of `globalThis`, `node:timers` and `node:timers/promises`. */
export function installTimers (scheduler: Scheduler): void {
  const start = (callback: unknown, delayMs: number, args: unknown[], repeats: boolean): VirtualTimer => {
    if (typeof callback !== 'function') {
      throw new TypeError('The "callback" argument must be of type function.')
    }

    return new VirtualTimer(scheduler, () => { (callback as (...args: unknown[]) => void)(...args) }, delayMs, repeats)
  }
  const clear = (timer: unknown): void => { (timer instanceof VirtualTimer ? timer : byId.get(Number(timer)))?.close() }
  const functions = {
    setTimeout: (callback: unknown, delay?: unknown, ...args: unknown[]) => start(callback, delayOf(delay), args, false),
    setInterval: (callback: unknown, delay?: unknown, ...args: unknown[]) => start(callback, delayOf(delay), args, true),
    setImmediate: (callback: unknown, ...args: unknown[]) => start(callback, 0, args, false),
    clearTimeout: clear,
    clearInterval: clear,
    clearImmediate: clear
  }
  const promises = promiseTimers(scheduler)
  Object.defineProperty(functions.setTimeout, promisify.custom, { value: promises.setTimeout })
  Object.defineProperty(functions.setImmediate, promisify.custom, { value: promises.setImmediate })

  for (const [name, value] of Object.entries(functions)) {
    replace(globalThis as unknown as Record<string, unknown>, name, () => value)
    replace(timers as unknown as Record<string, unknown>, name, () => value)
  }

  for (const [name, value] of Object.entries(promises)) {
    replace(timersPromises as unknown as Record<string, unknown>, name, () => value)
  }
}

interface WaitOptions {
  signal?: AbortSignal
}

function promiseTimers (scheduler: Scheduler) {
  const wait = <T> (delayMs: number, value: T, { signal }: WaitOptions = {}): Promise<T> => new Promise((resolve, reject) => {
    const abort = (): void => {
      takeBack()
      reject(new AbortError('The operation was aborted', { cause: signal?.reason }))
    }
    const takeBack = scheduler.at(scheduler.nowMs + delayMs, () => {
      signal?.removeEventListener('abort', abort)
      resolve(value)
    })

    if (signal?.aborted === true) {
      abort()
    } else {
      signal?.addEventListener('abort', abort, { once: true })
    }
  })

  return {
    setTimeout: <T> (delay?: number, value?: T, options?: WaitOptions) => wait(delayOf(delay), value, options),
    setImmediate: <T> (value?: T, options?: WaitOptions) => wait(0, value, options),
    setInterval: async function * <T> (delay?: number, value?: T, options?: WaitOptions) {
      for (;;) {
        yield await wait(delayOf(delay), value, options)
      }
    },
    scheduler: {
      wait: (delay: number, options?: WaitOptions) => wait(delayOf(delay), undefined, options),
      yield: () => wait(0, undefined)
    }
  }
}
