import crypto from 'node:crypto'
import fs from 'node:fs'
import { isNative, runAsNative } from './actor.ts'
import { replace } from './patch.ts'
import type { KeyObject } from 'node:crypto'
import type { Scheduler } from './scheduler.ts'

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown

/** Callback functions of `node:fs` that the program may call; each has one result. */
const fsCallbacks = [
  'access', 'appendFile', 'chmod', 'close', 'copyFile', 'fdatasync', 'fstat', 'fsync', 'ftruncate', 'link', 'lstat', 'mkdir', 'mkdtemp', 'open',
  'read', 'readFile', 'readdir', 'readlink', 'readv', 'realpath', 'rename', 'rm', 'rmdir', 'stat', 'symlink', 'truncate', 'unlink', 'utimes',
  'write', 'writeFile', 'writev'
]
const fsPromises = [
  'access', 'appendFile', 'chmod', 'copyFile', 'cp', 'link', 'lstat', 'mkdir', 'mkdtemp', 'open', 'readFile', 'readdir', 'readlink', 'realpath',
  'rename', 'rm', 'rmdir', 'stat', 'statfs', 'symlink', 'truncate', 'unlink', 'utimes', 'writeFile'
]
const fileHandleMethods = [
  'appendFile', 'chmod', 'chown', 'datasync', 'read', 'readFile', 'readv', 'stat', 'sync', 'truncate', 'utimes', 'write', 'writeFile', 'writev'
]
const subtleMethods = ['decrypt', 'deriveBits', 'deriveKey', 'digest', 'encrypt', 'exportKey', 'importKey', 'sign', 'unwrapKey', 'verify', 'wrapKey']

/** What a verification answered, by key, then by the digest of signature and data. Bounded, for runs may be long. */
const verified = new WeakMap<KeyObject, Map<string, boolean>>()
const verifiedMax = 200_000

/**
 * Native asynchronous work ends at the virtual time at which it begins: the scheduler stands still until the result is
 * here, so that neither the disk nor the thread pool decides what comes first.
 */
export async function installNative (scheduler: Scheduler): Promise<void> {
  const handle = await fs.promises.open(process.execPath)
  const fileHandle = Object.getPrototypeOf(handle) as Record<string, AnyFunction>
  await handle.close()

  const ofPromise = (original: AnyFunction): AnyFunction => function (...args) {
    // Of two pieces of work one within the other, each would wait for the other.
    if (isNative()) {
      return original.apply(this, args)
    }

    const settle = scheduler.complete(0)
    return new Promise((resolve, reject) => {
      Promise.resolve(runAsNative(() => original.apply(this, args))).then(
        (value) => { settle(() => { resolve(value) }) },
        (reason: unknown) => { settle(() => { reject(reason) }) })
    })
  }
  const ofCallback = (original: AnyFunction): AnyFunction => function (...args) {
    const callback = args.at(-1)

    if (typeof callback !== 'function' || isNative()) {
      return original.apply(this, args)
    }

    const settle = scheduler.complete(0)
    const wrapped: AnyFunction = (...results) => { settle(() => { (callback as AnyFunction)(...results) }) }
    return runAsNative(() => original.apply(this, [...args.slice(0, -1), wrapped]))
  }
  const wrap = (target: object, names: readonly string[], wrapper: (original: AnyFunction) => AnyFunction): void => {
    names.forEach((name) => { replace(target as Record<string, AnyFunction>, name, wrapper) })
  }

  wrap(fs, fsCallbacks, ofCallback)
  wrap(fs.promises, fsPromises, ofPromise)
  wrap(fileHandle, fileHandleMethods, ofPromise)
  // Each handle has a `close` of its own.
  replace(fs.promises as unknown as { open: AnyFunction }, 'open', (original) => async function (...args) {
    const opened = await original.apply(this, args) as { close: AnyFunction }
    replace(opened, 'close', ofPromise)
    return opened
  })
  wrap(Object.getPrototypeOf(crypto.subtle) as object, subtleMethods, ofPromise)
  replace(crypto as { verify: AnyFunction }, 'verify', (original) => verifyOnce(scheduler, original))
  replace(crypto as { sign: AnyFunction }, 'sign', (original) => synchronous(scheduler, original))
}

/** Runs what may be done on the thread pool at once, and calls back in an event of its own. */
function synchronous (scheduler: Scheduler, work: AnyFunction): AnyFunction {
  return (...args) => {
    const callback = args.at(-1)

    if (typeof callback !== 'function') {
      return work(...args)
    }

    const settle = scheduler.complete(0)

    try {
      const result = work(...args.slice(0, -1))
      settle(() => { (callback as AnyFunction)(null, result) })
    } catch (err) {
      settle(() => { (callback as AnyFunction)(err) })
    }
  }
}

/**
 * A signature is valid or not, whoever asks: what one instance has verified costs the next one no real time. Its virtual
 * time is charged all the same.
 */
function verifyOnce (scheduler: Scheduler, original: AnyFunction): AnyFunction {
  // Node's own, which charges nobody.
  const { hash } = crypto
  return synchronous(scheduler, (algorithm, data, key, signature) => {
    if (!(key instanceof crypto.KeyObject)) {
      return original(algorithm, data, key, signature)
    }

    const known = verified.get(key) ?? new Map<string, boolean>()
    verified.set(key, known)
    const id = hash('sha256', Buffer.concat([Buffer.from(`${String(algorithm)} `), signature as Uint8Array, data as Uint8Array]), 'binary')
    let valid = known.get(id)

    if (valid == null) {
      valid = original(algorithm, data, key, signature) as boolean

      if (known.size >= verifiedMax) {
        known.clear()
      }

      known.set(id, valid)
    }

    return valid
  })
}
