import type { Cancellable, Page, Query } from './api.ts'
import type { Contribution } from './contribution.ts'

const pageSize = 500

/** The contributions that match, of which no more than a page is held at a time. */
export async function * queryAll (
  catalogue: { page (query: Query): Page }, query: Query, { signal }: Cancellable = {}
): AsyncGenerator<Contribution> {
  let after = query.after
  let left = query.limit ?? Infinity

  do {
    signal?.throwIfAborted()
    const { contributions, next } = catalogue.page({ ...query, after, limit: Math.min(left, pageSize) })
    yield * contributions
    left -= contributions.length
    after = next
  } while (after != null && left > 0)
}
