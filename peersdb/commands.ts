import { createWriteStream } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { randomUUID } from 'node:crypto'
import { parseCid } from './contribution.ts'
import type { Cancellable, Content, Peer } from './api.ts'
import type { Benchmark, BenchmarkReport } from './benchmark.ts'

/** How many arguments each command of the prototype takes. */
export const commandArguments = { get: 1, post: 1, connect: 1, query: 0, benchmark: 0 } as const

export type CommandName = keyof typeof commandArguments

/** A contribution as the prototype lists it. */
export interface ListedContribution {
  /** `/ipfs/<cid>` */
  path: string
  /** The contributor's peer id. */
  contributor: string
  /** When it was contributed, by the contributor's clock (RFC 3339). */
  creationTS: string
}

/** The daemon was started without what a command needs. */
export class CommandUnavailableError extends Error {
  override name = 'CommandUnavailableError'
}

export interface Commands {
  /** Writes a file to the download directory. @param path a CID, `/ipfs/<cid>`, or either with the path of a file within a directory */
  get (path: string, options?: Cancellable): Promise<string>
  post (content: Content, options: Cancellable & { name?: string }): Promise<string>
  connect (address: string, options?: Cancellable): Promise<string>
  query (options?: Cancellable): Promise<ListedContribution[]>
  benchmark (): BenchmarkReport
}

export interface CommandsInit {
  peer: Peer
  /** Where `get` writes files; `~/` is the home directory. Created when it is needed. */
  downloadDirectory: string
  /** Absent where measuring is off. */
  benchmark?: Benchmark
}

/** The five commands of the prototype's shell and HTTP interface, with its answers; what it hid is an error here. */
export function createCommands ({ peer, downloadDirectory, benchmark }: CommandsInit): Commands {
  return {
    get: async (path, options) => {
      const target = await download(peer, path, resolve(downloadDirectory.replace(/^~(?=\/|$)/, homedir())), options)
      return `stored ${path} successfully under ${target}`
    },
    post: async (content, options) => {
      await peer.contribute(content, options)
      return 'File uploaded'
    },
    connect: async (address, options) => {
      await peer.connect(address, options)
      return 'Peer id processed'
    },
    query: async (options) => {
      const listed = await Array.fromAsync(peer.query({}, options))
      return listed.map(({ cid, contributor, createdAt }) => ({ path: `/ipfs/${cid}`, contributor, creationTS: createdAt }))
    },
    benchmark: () => {
      if (benchmark == null) {
        throw new CommandUnavailableError('this peer does not measure itself; start it with --benchmark')
      }

      return benchmark.own()
    }
  }
}

/** Nothing but a CID and the last part of a path becomes part of a file name, so that no path leads out of the directory. */
async function download (peer: Peer, path: string, directory: string, options?: Cancellable): Promise<string> {
  const [cidText = '', ...within] = path.replace(/^\/ipfs\//, '').split('/').filter((part) => part !== '')
  const cid = parseCid(cidText).toString()
  const suffix = within.length === 0 ? '' : `_${basename(within.join('/')).replace(/[^\w.-]/g, '_')}`
  const target = join(directory, `${cid}${suffix}`)
  const draft = join(directory, `.${cid}.${randomUUID()}`)
  await mkdir(directory, { recursive: true })

  try {
    const content = peer.get(cid, { ...options, ...(within.length === 0 ? {} : { path: within.join('/') }) })
    await pipeline(content, createWriteStream(draft, { flags: 'wx' }))
    // Whoever looks at the directory sees the whole file or none.
    await rename(draft, target)
  } finally {
    await rm(draft, { force: true })
  }

  return target
}
