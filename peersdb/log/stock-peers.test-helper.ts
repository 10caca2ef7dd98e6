import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/** What a test can have an unmodified OrbitDB peer do. Whatever the network does by itself is bounded to 20 seconds. */
export interface StockMethods {
  connect (address: string): Promise<void>
  disconnect (): Promise<void>
  /** Opens the log by its address, or makes one with its own name and the identities that administer it; returns its address. */
  open (address: string, administrators?: string[]): Promise<string>
  /** Returns the hash of the entry. */
  add (value: unknown): Promise<string>
  all (): Promise<Array<{ hash: string, value: unknown }>>
  heads (): Promise<string[]>
  /** Resolves when it lists these entries. */
  received (hashes: string[]): Promise<void>
  /** Lets an identity write, as an administrator. */
  grant (key: string): Promise<void>
  revoke (key: string): Promise<void>
  /** Resolves when the list of writers has this identity. */
  listed (key: string): Promise<void>
  /** Resolves when it does not. */
  delisted (key: string): Promise<void>
  /** From now on signs something else, names another's identity, or writes although it may not. */
  lie (lies: Lies): Promise<void>
}

export interface Lies {
  falseSignature?: boolean
  identityHash?: string
  ignoresList?: boolean
}

export interface StockInfo {
  index: number
  /** The peer id of the key that signs. */
  contributor: string
  /** The identity, which in stock OrbitDB is another key. */
  key: string
  identityHash: string
  addresses: string[]
}

export type StockPeer = StockMethods & StockInfo

/** A call to a peer, or without one to the process. */
export interface Call {
  id: number
  peer?: number
  method: string
  args: unknown[]
}

interface Answer {
  id: number
  result?: unknown
  error?: string
}

const methods = ['connect', 'disconnect', 'open', 'add', 'all', 'heads', 'received', 'grant', 'revoke', 'listed', 'delisted', 'lie'] as const

export interface StockProcess {
  start (): Promise<StockPeer>
  stop (): Promise<void>
}

/** Starts a process in which any number of unmodified OrbitDB peers run. */
export function forkStockProcess (): StockProcess {
  const child = fork(join(import.meta.dirname, 'stock-process.test-helper.ts'), { execArgv: [], serialization: 'advanced' })
  const pending = new Map<number, PromiseWithResolvers<unknown>>()
  let calls = 0

  child.on('message', ({ id, result, error }: Answer) => {
    const call = pending.get(id)
    pending.delete(id)

    if (error == null) {
      call?.resolve(result)
    } else {
      call?.reject(new Error(error))
    }
  })
  child.on('exit', (code) => { pending.forEach(({ reject }) => { reject(new Error(`the process of the stock peers ended with ${code}`)) }) })

  const call = (method: string, args: unknown[], peer?: number): Promise<unknown> => {
    const answer = Promise.withResolvers<unknown>()
    const id = calls++
    pending.set(id, answer)
    child.send({ id, peer, method, args }, (err) => {
      if (err != null) {
        answer.reject(err)
      }
    })
    return answer.promise
  }

  return {
    start: async () => {
      const info = await call('start', []) as StockInfo
      const proxies = methods.map((method) => [method, (...args: unknown[]) => call(method, args, info.index)])
      return { ...info, ...Object.fromEntries(proxies) as StockMethods }
    },
    stop: async () => {
      const exited = once(child, 'exit')
      child.disconnect()
      await exited
    }
  }
}
