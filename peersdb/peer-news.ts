import { parseCid } from './contribution.ts'
import type { PeerEvents } from './api.ts'
import type { RefusalKind, RefusedError } from './errors.ts'
import type { LogEntry } from './log/entry.ts'
import type { Store } from './store/index.ts'
import type { Validation } from './validation/service.ts'
import type { WantedFiles } from './wanted-files.ts'
import type { TypedEventEmitter } from 'main-event'
import type { CID } from 'multiformats/cid'

export interface PeerNewsInit {
  events: TypedEventEmitter<PeerEvents>
  store: Store
  validation: Validation
  wanted: WantedFiles
  /** Aborts when the peer begins to close; what fails from then on is not told. */
  closing: AbortSignal
}

/** What follows from something new in a peer: its events, the fetching of files that are wanted, and validation. */
export class PeerNews {
  readonly #init: PeerNewsInit
  readonly #refusals = new Map<RefusalKind, number>()

  constructor (init: PeerNewsInit) {
    this.#init = init
  }

  /** How much of what others sent was refused, by the reason. */
  get refusals (): ReadonlyMap<RefusalKind, number> {
    return this.#refusals
  }

  /** An entry became visible in the log. */
  readonly arrived = ({ hash, contribution: stored }: LogEntry): void => {
    if (stored == null) {
      return
    }

    const { events, store, validation, wanted } = this.#init
    const contribution = { ...stored, hash }
    events.safeDispatchEvent('contribution', { detail: contribution })
    validation.onContribution(contribution)

    if (store.files.isHeld(parseCid(contribution.cid))) {
      events.safeDispatchEvent('file', { detail: contribution })
    } else if (wanted.wants(contribution)) {
      wanted.fetch(contribution)
    }
  }

  /** A file that was not here is held as a whole. */
  held (cid: CID): void {
    const { events, store } = this.#init

    for (const contribution of store.catalogue.byCid(cid.toString())) {
      events.safeDispatchEvent('file', { detail: contribution })
    }
  }

  readonly refused = (reason: RefusedError): void => {
    this.#refusals.set(reason.kind, (this.#refusals.get(reason.kind) ?? 0) + 1)
    this.fail(reason)
  }

  readonly fail = (err: Error): void => {
    const { events, closing } = this.#init

    if (!closing.aborted) {
      events.safeDispatchEvent('failure', { detail: err })
    }
  }
}
