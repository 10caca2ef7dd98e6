import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A change to the source of a library as it is bundled, which makes each actor's own what the library keeps once per process. */
export interface Isolation {
  readonly package: string
  /** The version whose source was read; another one must be read again. */
  readonly version: string
  /** Within the package. */
  readonly file: string
  /** What is replaced, everywhere in the file, by what, and how often it must be there. */
  readonly replacements: ReadonlyArray<{ readonly find: string, readonly by: string, readonly times: number }>
  /** What the state would couple. */
  readonly why: string
}

/** The source no longer is what a change was written for. */
export class IsolationError extends Error {
  override name = 'IsolationError'
}

const own = (key: string, create: string): string => `globalThis[Symbol.for('peerslab.isolated')]('${key}', () => ${create})`

export const isolations: readonly Isolation[] = [
  {
    package: 'mortice',
    version: '3.3.1',
    file: 'dist/src/mortice.js',
    replacements: [
      { find: 'const mutexes = new Map();', by: `const ownMutexes = () => ${own('mortice', 'new Map()')};`, times: 1 },
      { find: 'mutexes.', by: 'ownMutexes().', times: 7 }
    ],
    why: 'locks are found by name, and the peer store names them by remote peer: two instances that meet the same peer would share a lock'
  },
  {
    package: '@orbitdb/core',
    version: '4.0.0',
    file: 'src/key-store.js',
    replacements: [
      { find: 'const verifiedCachePromise = LRUStorage({ size: 1000 })', by: '', times: 1 },
      { find: 'await verifiedCachePromise', by: `await ${own('orbitdb verified', 'LRUStorage({ size: 1000 })')}`, times: 1 }
    ],
    why: 'a signature that one instance has verified would be verified for all'
  },
  {
    package: '@libp2p/gossipsub',
    version: '17.1.1',
    file: 'dist/src/utils/buildRawMessage.js',
    replacements: [
      { find: 'let seqnoCounter = BigInt(Date.now()) * 1000000n;', by: '', times: 1 },
      {
        find: 'const v = ++seqnoCounter;',
        by: `const counter = ${own('gossipsub seqno', '({ last: BigInt(Date.now()) * 1000000n })')}; const v = ++counter.last;`,
        times: 1
      }
    ],
    why: 'the sequence numbers of one instance would depend on how much the others publish'
  }
]

/**
 * Changes a source.
 *
 * @param version - of the package that is installed
 * @throws {IsolationError} where version or source are not those that the change was written for
 */
export function isolate ({ package: name, version, file, replacements }: Isolation, installed: string, source: string): string {
  if (installed !== version) {
    throw new IsolationError(`${name} is ${installed}, and its state was made each instance's own in ${version}; read ${file} anew and mend runners/sim/isolate.ts`)
  }

  return replacements.reduce((text, { find, by, times }) => {
    const parts = text.split(find)

    if (parts.length - 1 !== times) {
      throw new IsolationError(`${name} ${version} has "${find}" ${parts.length - 1} times in ${file} instead of ${times}; mend runners/sim/isolate.ts`)
    }

    return parts.join(by)
  }, source)
}

/** Reads and changes the file of an isolation in an installed package, whose directory is given. */
export function isolatedSource (isolation: Isolation, directory: string): string {
  const { version } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as { version: string }
  return isolate(isolation, version, readFileSync(join(directory, isolation.file), 'utf8'))
}
