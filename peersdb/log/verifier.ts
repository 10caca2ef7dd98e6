import { RefusedError } from '../errors.ts'
import { isSigned, readContent, readNode } from './entry.ts'
import { hashOf } from './hash.ts'
import { readIdentity } from './identity.ts'
import type { LogEntry, LogNode } from './entry.ts'
import type { Identity } from './identity.ts'

export interface Refusal {
  /** Absent where the entry itself may be good. */
  hash?: string
  reason: RefusedError
  /** The entry, where it is refused for its value alone; who signed it is not verified. */
  node?: LogNode
}

export interface Verified {
  entries: LogEntry[]
  refused: Refusal[]
}

export interface VerifierInit {
  logAddress: string
  /** Whether this identity may write to the log. */
  mayWrite: (identity: Identity) => boolean
  /** The block of an identity, from the store or from other peers. */
  identityBytes: (hash: string) => Promise<Uint8Array | undefined>
}

const identitiesMax = 10_000

/** Checks entries that came from other peers: form, writer, and signature, which the thread pool does for many at once. */
export class Verifier {
  /** Signatures verified so far. */
  verifications = 0
  readonly #init: VerifierInit
  readonly #identities = new Map<string, Identity>()
  /** Identities that have come and whose signatures are being verified. */
  readonly #learning = new Map<string, Promise<Identity | undefined>>()

  constructor (init: VerifierInit) {
    this.#init = init
  }

  /** Notes an identity that came beside its entries; one whose signatures are wrong is not noted. */
  async learn (bytes: Uint8Array): Promise<Identity | undefined> {
    const hash = hashOf(bytes)
    const known = this.#identities.get(hash) ?? this.#learning.get(hash)

    if (known != null) {
      return known
    }

    const learning = this.#read(bytes).finally(() => { this.#learning.delete(hash) })
    this.#learning.set(hash, learning)
    return learning
  }

  async #read (bytes: Uint8Array): Promise<Identity | undefined> {
    const identity = await readIdentity(bytes)

    if (identity != null) {
      const [oldest] = this.#identities.keys()

      if (this.#identities.size >= identitiesMax && oldest != null) {
        this.#identities.delete(oldest)
      }

      this.#identities.set(identity.hash, identity)
    }

    return identity
  }

  async verify (blocks: readonly Uint8Array[]): Promise<Verified> {
    const verified: Verified = { entries: [], refused: [] }
    await Promise.all(blocks.map(async (bytes) => {
      let node: LogNode | undefined
      let entry: LogEntry | undefined

      try {
        node = readNode(bytes, this.#init.logAddress)
        entry = readContent(node)
        await this.#check(entry, { isSingle: blocks.length === 1 })
        verified.entries.push(entry)
      } catch (err) {
        if (!(err instanceof RefusedError)) {
          throw err
        }

        // That an identity is missing says nothing of the entry, which may come with it from another peer.
        const isLasting = entry == null || this.known(entry.stored.identity) != null
        verified.refused.push({
          hash: isLasting ? node?.hash ?? hashOf(bytes) : undefined,
          reason: err,
          node: entry == null ? node : undefined
        })
      }
    }))
    return verified
  }

  /** Whether an entry was signed by somebody who may write, whatever it says. */
  async isAuthentic (node: LogNode): Promise<boolean> {
    try {
      await this.#check(node, { isSingle: true })
      return true
    } catch (err) {
      if (err instanceof RefusedError) {
        return false
      }

      throw err
    }
  }

  async #check (entry: LogNode, options: { isSingle: boolean }): Promise<void> {
    const { key, identity: identityHash } = entry.stored
    const identity = await this.identity(identityHash)

    if (identity == null) {
      throw new RefusedError('unsigned', `entry ${entry.hash} names the identity ${identityHash}, which no peer has`)
    }

    if (identity.publicKey !== key) {
      throw new RefusedError('forged', `entry ${entry.hash} names an identity whose key did not sign it`)
    }

    if (!this.#init.mayWrite(identity)) {
      throw new RefusedError('foreign', `entry ${entry.hash} is by ${identity.id}, who may not write to this log`)
    }

    this.verifications++

    if (!await isSigned(entry, options)) {
      throw new RefusedError('unsigned', `entry ${entry.hash} has a false signature`)
    }
  }

  /** An identity that has been verified before. */
  known (hash: string): Identity | undefined {
    return this.#identities.get(hash)
  }

  async identity (hash: string): Promise<Identity | undefined> {
    const known = this.#identities.get(hash) ?? await this.#learning.get(hash)

    if (known != null) {
      return known
    }

    const bytes = await this.#init.identityBytes(hash)
    const identity = bytes == null ? undefined : await this.learn(bytes)
    return identity?.hash === hash ? identity : undefined
  }
}
