import { RefusedError } from '../errors.ts'
import { checkBlock } from './delivery.ts'
import { isSmallFile } from './small-file.ts'
import type { StoredContribution } from '../contribution.ts'
import type { SyncInit } from '../sync.ts'
import type { ClientSession } from './client-session.ts'
import type { Block } from './delivery.ts'
import type { EntryBatch, Holder } from './exchange.ts'
import type { Push } from './messages.ts'

/** The most pushed entries of one peer that wait to be verified; a peer that pushes faster for long floods this one. */
const pushedMax = 5_000

export interface ArrivalsInit extends Pick<SyncInit, 'log' | 'store' | 'files' | 'wants'> {
  /** Called with the digests of entries that are new here, for those who are to be told of them. */
  onNews: (digests: Uint8Array[], from: string) => void
  onViolation: (peerId: string, reason: Error) => void
  onError: (err: Error) => void
}

/** Verifies and stores the entries that other peers send, with their identities and the files that came beside them. */
export class Arrivals {
  readonly #init: ArrivalsInit
  readonly #pushed: Array<{ push: Push, from: ClientSession }> = []
  /** How many pushes of each peer wait to be verified. */
  readonly #pushedBy = new WeakMap<ClientSession, number>()
  #storingPushed = false

  constructor (init: ArrivalsInit) {
    this.#init = init
  }

  /** Takes what a peer pushes, to be stored in its turn. */
  push (push: Push, from: ClientSession): void {
    const waiting = (this.#pushedBy.get(from) ?? 0) + 1

    if (waiting > pushedMax) {
      const reason = new RefusedError('flood', `peer ${from.peerId} pushes entries faster than they can be verified`)
      this.#init.onViolation(from.peerId, reason)
      return
    }

    this.#pushedBy.set(from, waiting)
    this.#pushed.push({ push, from })

    if (!this.#storingPushed) {
      this.#storingPushed = true
      this.#storePushed().finally(() => { this.#storingPushed = false }).catch(this.#init.onError)
    }
  }

  /** Stores what was pushed; all that came from one peer while the last was being stored goes into one transaction. */
  async #storePushed (): Promise<void> {
    while (this.#pushed.length > 0) {
      const { from } = this.#pushed[0] as { from: ClientSession }
      const end = this.#pushed.findIndex((pushed) => pushed.from !== from)
      const pushes = this.#pushed.splice(0, end === -1 ? this.#pushed.length : end).map(({ push }) => push)
      this.#pushedBy.set(from, (this.#pushedBy.get(from) ?? 0) - pushes.length)

      try {
        await this.store({
          from,
          entries: pushes.map(({ entry }) => entry),
          identities: pushes.map(({ identity }) => identity).filter(({ byteLength }) => byteLength > 0),
          blocks: pushes.flatMap(({ blocks }) => blocks).map(({ cid, bytes }) => checkBlock(from.peerId, cid, bytes))
        }, { isNews: true })
      } catch (err) {
        if (err instanceof RefusedError) {
          this.#init.onViolation(from.peerId, err)
        } else {
          this.#init.onError(err as Error)
        }
      }
    }
  }

  /**
   * Stores what verifies of a batch.
   *
   * @param options.isNews - others are to be told of it at once
   * @throws {RefusedError} where the peer sent what no honest peer would pass on
   */
  async store ({ entries, identities, blocks, from }: EntryBatch, { isNews }: { isNews: boolean }): Promise<void> {
    const { log } = this.#init
    const learned = await this.#learn(identities, from)
    const { entries: verified, refused } = await log.verifier.verify(entries)
    const byCid = new Map(blocks.map(({ cid, bytes }) => [cid.toString(), { cid, bytes }]))
    const added = log.insert(verified, () => {
      for (const { contribution, stored } of verified) {
        // It may have come earlier, beside an entry that was refused.
        const identity = learned.get(stored.identity) ?? log.verifier.known(stored.identity)?.bytes

        if (identity != null) {
          log.keepIdentity(identity, stored.identity)
        }

        this.#holdFile(contribution, byCid)
      }
    })

    // What was pushed reaches everybody whom its sender is connected to; the others hear of it from here.
    if (added.length > 0 && isNews) {
      this.#init.onNews(added.map(({ digest }) => digest), from.peerId)
    }

    const guilty = refused.find(({ reason: { kind } }) => kind === 'malformed' || kind === 'forged' || kind === 'unsigned')
    refused.filter((refusal) => refusal !== guilty).forEach((refusal) => { log.refuse(refusal) })

    if (guilty != null) {
      if (guilty.hash != null) {
        log.entries.refuse(guilty.hash)
      }

      throw guilty.reason
    }
  }

  async #learn (identities: readonly Uint8Array[], from: Holder): Promise<Map<string, Uint8Array>> {
    const learned = await Promise.all(identities.map((bytes) => this.#init.log.verifier.learn(bytes)))

    if (learned.includes(undefined)) {
      throw new RefusedError('unsigned', `peer ${from.peerId} sent an identity with a false signature`)
    }

    return new Map(learned.filter((identity) => identity != null).map(({ hash, bytes }) => [hash, bytes]))
  }

  /** Keeps the file that came beside an entry, if it is wanted here and is one that may come like that. */
  #holdFile (contribution: StoredContribution | undefined, blocks: ReadonlyMap<string, Block>): void {
    const { store, files, wants } = this.#init
    const file = contribution == null ? undefined : blocks.get(contribution.cid)

    if (contribution != null && file != null && isSmallFile(file.cid, file.bytes) && wants(contribution) && !store.files.isHeld(file.cid)) {
      files.holdSmall(file.cid, file.bytes)
    }
  }
}
