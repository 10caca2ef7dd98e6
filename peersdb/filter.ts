import { parseCid } from './contribution.ts'
import { numberOf } from './store/query-sql.ts'
import type { Filter, NumberRange } from './api.ts'
import type { StoredContribution } from './contribution.ts'

/** Whether a contribution is one that a query with this filter finds; `isHeld` tells whether its file is here. */
export function matches (contribution: StoredContribution, filter: Filter, isHeld: () => boolean): boolean {
  const { cid, attributes = {}, size, createdAt, held } = filter
  const same = (['name', 'mediaType', 'contributor'] as const)
    .every((key) => filter[key] == null || filter[key] === contribution[key])
  return same &&
    (cid == null || isSameFile(cid, contribution.cid)) &&
    (size == null || isWithin(contribution.size, size)) &&
    isBetween(Date.parse(contribution.createdAt), createdAt) &&
    (held == null || held === isHeld()) &&
    Object.entries(attributes).every(([name, wanted]) => isWanted(ownValue(contribution.attributes, name), wanted))
}

/** A file is known by the hash of its root, whichever of its CIDs is named. */
function isSameFile (cid: string, other: string): boolean {
  return cid === other || Buffer.compare(parseCid(cid).multihash.bytes, parseCid(other).multihash.bytes) === 0
}

/** An attribute that is called like something that every object has, such as "constructor", is absent unless it was given. */
function ownValue (attributes: Record<string, string>, name: string): string | undefined {
  return Object.hasOwn(attributes, name) ? attributes[name] : undefined
}

function isWithin (value: number, { min = -Infinity, max = Infinity }: NumberRange): boolean {
  return value >= min && value <= max
}

function isBetween (ms: number, { from, to }: { from?: string, to?: string } = {}): boolean {
  return (from == null || ms >= Date.parse(from)) && (to == null || ms < Date.parse(to))
}

function isWanted (value: string | undefined, wanted: string | string[] | NumberRange): boolean {
  if (value == null) {
    return false
  }

  if (typeof wanted === 'object' && !Array.isArray(wanted)) {
    const number = numberOf(value)
    return number != null && isWithin(number, wanted)
  }

  return [wanted].flat().includes(value)
}
