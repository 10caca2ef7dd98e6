import { parseCid } from './contribution.ts'
import { matches } from './filter.ts'
import { queryAll } from './query-all.ts'
import type { PinPolicy } from './api.ts'
import type { Contribution, StoredContribution } from './contribution.ts'
import type { FileService } from './files/files.ts'
import type { Store } from './store/index.ts'

export interface WantedFilesInit {
  /** Which files of others to fetch and keep; by default nothing. */
  policy?: PinPolicy
  store: Store
  files: FileService
  /** Aborts when the peer begins to close. */
  closing: AbortSignal
  onError: (err: Error) => void
}

/** Which files of others a peer wants by its policy, or wanted when it ended; they are fetched in the background. */
export class WantedFiles {
  readonly #init: WantedFilesInit
  readonly #policy: PinPolicy

  constructor (init: WantedFilesInit) {
    this.#init = init
    this.#policy = init.policy ?? 'nothing'
  }

  /** Whether the policy says that the file of a contribution is to be kept. */
  wants (contribution: StoredContribution): boolean {
    return this.#policy === 'everything' || (this.#policy !== 'nothing' && matches(contribution, this.#policy, () => false))
  }

  fetch ({ cid, size }: Pick<Contribution, 'cid'> & { size?: number }): void {
    const { files, closing, onError } = this.#init
    files.ensure(parseCid(cid), { signal: closing, sizeMax: size, patient: true }).catch(onError)
  }

  /** Goes on with files that were wanted when the peer ended, and with those that lost a block on disk. */
  resume (): void {
    const { catalogue, files } = this.#init.store

    for (const cid of [...files.wanted()]) {
      this.fetch(catalogue.byCid(cid.toString())[0] ?? { cid: cid.toString() })
    }
  }

  /** The policy may be another than when these contributions came, or the peer ended between their coming and that of their files. */
  async fetchByPolicy (): Promise<void> {
    if (this.#policy !== 'nothing') {
      const filter = this.#policy === 'everything' ? {} : this.#policy

      for await (const contribution of queryAll(this.#init.store.catalogue, { ...filter, held: false })) {
        this.fetch(contribution)
      }
    }
  }
}
