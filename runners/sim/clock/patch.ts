import assert from 'node:assert/strict'

type Replace = <Target extends object, Name extends keyof Target & string> (
  target: Target, name: Name, make: (original: Target[Name]) => Target[Name]
) => void

/**
 * Replaces a property of an object that Node.js owns, for the life of the process. What is not there cannot be replaced: a
 * newer Node.js that renames something must not leave a hole in virtual time.
 */
export const replace: Replace = (target, name, make) => {
  const original = target[name]
  assert(original !== undefined, `Node.js ${process.version} has no ${name} to replace`)
  Object.defineProperty(target, name, { value: make(original), configurable: true, enumerable: true, writable: true })
}
