import { CID } from 'multiformats/cid'
import * as z from 'zod'
import { InvalidInputError } from './errors.ts'

/** The version of the entry's schema that this code writes. */
export const contributionSchemaVersion = 1

const maxAttributes = 64

const storedContribution = z.object({
  schema: z.literal(contributionSchemaVersion),
  cid: z.string().max(128).refine(isCid, 'is no CID'),
  name: z.string().min(1).max(1024),
  size: z.number().int().nonnegative(),
  contributor: z.string().min(1).max(128),
  createdAt: z.iso.datetime(),
  attributes: z.record(z.string().min(1).max(128), z.string().max(1024))
    .refine((attributes) => Object.keys(attributes).length <= maxAttributes, `has more than ${maxAttributes} attributes`)
})

/** What the contributions log stores of one contribution. */
export type StoredContribution = z.infer<typeof storedContribution>

/** One entry of the contributions log. `size` is in bytes, `createdAt` is the contributor's wall clock (ISO 8601). */
export interface Contribution extends StoredContribution {
  /** The hash of the log entry, unique in the log. */
  readonly hash: string
}

function isCid (text: string): boolean {
  try {
    CID.parse(text)
    return true
  } catch {
    return false
  }
}

/**
 * Parses a CID that came from a user or a peer.
 *
 * @throws {InvalidInputError} where it is none
 */
export function parseCid (text: string): CID {
  try {
    return CID.parse(text)
  } catch {
    throw new InvalidInputError(`"${text.slice(0, 128)}" is not a CID; take one from the list of contributions`)
  }
}

/**
 * Checks a value that is to be written to the log.
 *
 * @throws {InvalidInputError} naming the field and what is wrong with it
 */
export function checkContribution (value: StoredContribution): StoredContribution {
  const parsed = storedContribution.safeParse(value)

  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new InvalidInputError(`contribution "${String(value.name).slice(0, 128)}": ${issue?.path.join('.') ?? 'it'}: ${issue?.message ?? 'is malformed'}`)
  }

  return parsed.data
}

/** Reads an entry that a peer wrote; undefined where it is no contribution that this version understands. */
export function readContribution (hash: string, value: unknown): Contribution | undefined {
  const parsed = storedContribution.safeParse(value)
  return parsed.success ? { ...parsed.data, hash } : undefined
}
