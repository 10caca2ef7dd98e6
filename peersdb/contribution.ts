import * as dagCbor from '@ipld/dag-cbor'
import * as z from 'zod'
import { cidOf } from './cid.ts'
import { InvalidInputError, RefusedError } from './errors.ts'
import type { CID } from 'multiformats/cid'

/** The version of the entry's schema that this code writes. */
export const contributionSchemaVersion = 1

const maxAttributes = 64

/** The most bytes of a contribution in DAG-CBOR, so that an entry of 128 KiB has 8 KiB for its parents, keys and signature. */
export const contributionBytesMax = 120 * 1024

const storedContribution = z.object({
  schema: z.literal(contributionSchemaVersion),
  cid: z.string().max(128).refine(isFileCid, 'is no CID of a file'),
  name: z.string().min(1).max(1024),
  size: z.number().int().nonnegative(),
  mediaType: z.string().max(256).regex(/^[\w.+-]+\/[\w.+-]+$/, 'is no media type, such as application/json'),
  contributor: z.string().min(1).max(128),
  createdAt: z.iso.datetime(),
  attributes: z.record(z.string().min(1).max(128), z.string().max(1024))
    .refine((attributes) => Object.keys(attributes).length <= maxAttributes, `has more than ${maxAttributes} attributes`)
})

const laterSchema = z.looseObject({ schema: z.number().int().gt(contributionSchemaVersion) })

/** What the contributions log stores of one contribution. */
export type StoredContribution = z.infer<typeof storedContribution>

/** A contribution. `size` is in bytes, `createdAt` is the contributor's wall clock (ISO 8601). */
export interface Contribution extends StoredContribution {
  /** The hash of the log entry, unique in the log; that of the description alone where the contribution is private. */
  readonly hash: string
}

const rawCode = 0x55
const dagPbCode = 0x70
const sha256Code = 0x12

/** Whether the text is the CID of a UnixFS file or directory, whose blocks everybody can verify. */
function isFileCid (text: string): boolean {
  try {
    const { code, multihash } = cidOf(text)
    return (code === rawCode || code === dagPbCode) && multihash.code === sha256Code
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
    return cidOf(text)
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

  const { byteLength } = dagCbor.encode(parsed.data)

  if (byteLength > contributionBytesMax) {
    throw new InvalidInputError(`contribution "${value.name.slice(0, 128)}": its description takes ${byteLength} bytes of at most ${contributionBytesMax}; shorten its attributes`)
  }

  return parsed.data
}

/**
 * Reads the value of an entry that a peer wrote.
 *
 * @returns undefined where it is of a later schema, which is kept and passed on without being understood
 * @throws {RefusedError} where it is no contribution
 */
export function readContribution (value: unknown): StoredContribution | undefined {
  const parsed = storedContribution.safeParse(value)

  if (parsed.success) {
    return parsed.data
  }

  if (laterSchema.safeParse(value).success) {
    return undefined
  }

  const issue = parsed.error.issues[0]
  throw new RefusedError('malformed', `an entry's contribution: ${issue?.path.join('.') || 'it'}: ${issue?.message ?? 'is malformed'}`)
}
