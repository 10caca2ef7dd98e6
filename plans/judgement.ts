import { createHash } from 'node:crypto'
import { JudgementError } from './errors.ts'
import type { InstanceContext } from './context.ts'
import type { Member } from './members.ts'
import type { Posted } from './workload.ts'
import type { Contribution, Peer } from '../peersdb/index.ts'

/** How one peer's log and files differ from what was posted. */
export interface Differences {
  /** Posted, but not in the log. */
  missingEntries: Posted[]
  /** In the log, but never posted, or with another CID than was posted. */
  inventedEntries: Contribution[]
  /** In the log, but the file is not held here as a whole. */
  missingFiles: Posted[]
  /** Held here, but not byte for byte what was posted. */
  differentFiles: Posted[]
}

/** Reads everything back from this peer alone and compares it, byte for byte, with what was posted. */
export async function compareWithPosted (peer: Pick<Peer, 'query' | 'get'>, posted: readonly Posted[], signal: AbortSignal): Promise<Differences> {
  const entries = new Map((await Array.fromAsync(peer.query())).map((entry) => [entry.hash, entry]))
  const expected = new Map(posted.map((record) => [record.hash, record]))
  const differences: Differences = {
    missingEntries: posted.filter(({ hash }) => !entries.has(hash)),
    inventedEntries: [...entries.values()].filter(({ hash, cid }) => expected.get(hash)?.cid !== cid),
    missingFiles: [],
    differentFiles: []
  }

  for (const record of posted.filter(({ hash }) => entries.has(hash))) {
    const digest = await digestOf(peer, record.cid, signal)

    if (digest == null) {
      differences.missingFiles.push(record)
    } else if (digest !== record.sha256) {
      differences.differentFiles.push(record)
    }
  }

  return differences
}

/** SHA-256 of a file as this peer alone holds it; undefined where it does not hold all of it. */
export async function digestOf (peer: Pick<Peer, 'get'>, cid: string, signal: AbortSignal): Promise<string | undefined> {
  const hash = createHash('sha256')

  try {
    for await (const chunk of peer.get(cid, { offline: true, signal })) {
      hash.update(chunk)
    }
  } catch (err) {
    if ((err as Error).name === 'FileNotFoundError') {
      return undefined
    }

    throw err
  }

  return hash.digest('hex')
}

/**
 * Records whether the peer converged.
 *
 * @returns the sentence of the failure, where it did not
 */
export function judge (
  context: InstanceContext, self: Member, posted: readonly Posted[], differences: Differences
): JudgementError | undefined {
  const found = [
    tell(differences.missingEntries, 'entries are missing'),
    tell(differences.inventedEntries, 'entries were never posted'),
    tell(differences.missingFiles, 'files are missing'),
    tell(differences.differentFiles, 'files differ from what was posted')
  ].filter((sentence) => sentence !== undefined)
  context.record.metric('converged', found.length === 0 ? 1 : 0)

  if (found.length > 0) {
    const who = `instance ${self.index} of group ${self.group} (${self.region})`
    return new JudgementError(`${who} did not converge on ${posted.length} contributions: ${found.join('; ')}`)
  }
}

function tell (items: ReadonlyArray<{ cid: string }>, what: string): string | undefined {
  return items.length === 0 ? undefined : `${items.length} ${what}, such as ${items[0]?.cid}`
}
