import * as dagCbor from '@ipld/dag-cbor'
import * as z from 'zod'
import { VoteProtocolError } from './errors.ts'
import type { TrustRow } from './eigen-trust.ts'
import type { VerdictStore } from './verdict-store.ts'

/** The most peers of which one peer tells how much it trusts them; that takes about 4 KiB. */
export const maxTrustEntries = 64

const trustRow = z.array(z.tuple([z.string().min(1).max(128), z.number().positive().max(1)])).max(maxTrustEntries)

/**
 * What a peer says of others: by how much more often each said what this peer found out by itself than the opposite, as a part of the sum;
 * of the most trusted ones.
 */
export function trustRowOf (store: Pick<VerdictStore, 'reputations'>): TrustRow {
  const most = store.reputations()
    .map(([id, { agreed, disagreed }]) => [id, agreed - disagreed] as const)
    .filter(([, amount]) => amount > 0)
    .sort(([id, amount], [otherId, otherAmount]) => otherAmount - amount || (id < otherId ? -1 : 1))
    .slice(0, maxTrustEntries)
  const sum = most.reduce((total, [, amount]) => total + amount, 0)
  return new Map(most.map(([id, amount]) => [id, amount / sum]))
}

export function encodeTrust (row: TrustRow): Uint8Array {
  return dagCbor.encode([...row])
}

/**
 * Reads what another peer says; only what it says of each peer first counts.
 *
 * @throws {VoteProtocolError} where the bytes say nothing of the kind
 */
export function decodeTrust (bytes: Uint8Array): TrustRow {
  try {
    return new Map(trustRow.parse(dagCbor.decode(bytes)).reverse())
  } catch (err) {
    throw new VoteProtocolError(`a peer sent ${bytes.byteLength} bytes that do not tell whom it trusts; it may run another version`, { cause: err })
  }
}
