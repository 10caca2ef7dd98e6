import type { CounterRow } from './api.ts'
import type { RefusalKind } from './errors.ts'
import type { FileService } from './files/files.ts'
import type { ContributionsLog } from './log/contributions-log.ts'
import type { Store } from './store/index.ts'
import type { Sync } from './sync.ts'

export interface CountedParts {
  store: Store
  log: ContributionsLog
  sync: Sync
  files: FileService
  refusals: ReadonlyMap<RefusalKind, number>
}

/** What the log, the files and their replication count; the networks' bytes and streams are counted by protocol elsewhere. */
export function countersOf ({ store, log, sync, files, refusals }: CountedParts): CounterRow[] {
  const row = (type: CounterRow['type'], name: string, help: string, value: number, labels: Record<string, string> = {}): CounterRow =>
    ({ name, help, type, labels, value })
  return [
    row('gauge', 'entries', 'Entries of the contributions log.', store.catalogue.entries),
    row('gauge', 'foreign_entries', 'Entries of a later schema, which are kept and passed on.', store.catalogue.foreign),
    row('gauge', 'unjoined_entries', 'Entries whose parents have not arrived.', log.entries.unjoined),
    row('gauge', 'files_held', 'Files that are held as a whole.', store.files.held),
    row('gauge', 'files_fetching', 'Files that are being fetched.', files.pending),
    row('gauge', 'store_bytes', 'Bytes that the store takes.', store.sizeBytes()),
    row('gauge', 'neighbours', 'Connected peers that share the log.', sync.neighbours),
    row('gauge', 'sync_queue_length', 'Entries and blocks that are wanted and have not come.', sync.queueLength),
    row('counter', 'signature_verifications', 'Signatures of entries that were verified.', log.verifier.verifications),
    ...[...refusals].map(([kind, value]) =>
      row('counter', 'refused', 'Entries and messages of other peers that were refused, by the reason.', value, { reason: kind }))
  ]
}
