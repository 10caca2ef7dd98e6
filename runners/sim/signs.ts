import type { ContributionEvent } from '../../plans/index.ts'

/** How a message carries a contribution, or asks for it. */
export type Carries = 'announcement' | 'entry' | 'entry and file' | 'file' | 'want'

/** So many bytes at the end of a content are looked for: no two different ones end alike. */
const endBytes = 1_024

/** The entry of a contribution, or one block of its file. */
export interface Thing {
  readonly kind: 'entry' | 'block'
  /** Whether its content is looked for, and not its digest alone. */
  readonly isKnown: boolean
  /** The instances that have it. */
  readonly holders: Set<string>
}

/** Bytes by which a thing is known in the plaintext of a stream: its content, or its digest. */
export interface Sign {
  readonly thing: Thing
  readonly isContent: boolean
  readonly bytes: Uint8Array
}

/**
 * The signs of a contribution that nobody but `from` has yet. Where the file is more than one small block, its blocks are
 * known by their digests alone, which PeersDB sends with them and Bitswap does not.
 */
export function signsOf ({ encoded, entry, blocks, small }: ContributionEvent, from: string): Sign[] {
  const signsOfThing = (kind: Thing['kind'], digest: Uint8Array | undefined, content: Uint8Array | undefined): Sign[] => {
    const thing: Thing = { kind, isKnown: content != null && content.byteLength > 0, holders: new Set([from]) }
    return [
      ...(digest == null ? [] : [{ thing, isContent: false, bytes: digest }]),
      ...(content != null && thing.isKnown ? [{ thing, isContent: true, bytes: content.slice(-endBytes) }] : [])
    ]
  }

  return [...signsOfThing('entry', entry, encoded), ...blocks.flatMap((digest) => signsOfThing('block', digest, small))]
}

/**
 * What a message in which these signs were found does for the contribution, and what it brings. A digest from an instance that
 * has what it stands for is an announcement, from another one a want.
 */
export function judgeSigns (from: string, signs: readonly Sign[]): { what: Carries, brings: Thing[] } | undefined {
  if (signs.length === 0) {
    return undefined
  }

  const brings = signs.filter(({ isContent, thing }) => isContent || (!thing.isKnown && thing.holders.has(from))).map(({ thing }) => thing)
  const [entry, file] = (['entry', 'block'] as const).map((kind) => brings.some((thing) => thing.kind === kind))
  const isWant = signs.some(({ thing }) => !thing.holders.has(from))
  return { brings, what: entry && file ? 'entry and file' : entry ? 'entry' : file ? 'file' : isWant ? 'want' : 'announcement' }
}

/** Finds bytes in what each end of a stream sends, those too that are cut between two messages. */
export function createFinder (): (signs: readonly Sign[], end: object, data: Uint8Array) => Sign[] {
  const kept = new WeakMap<object, Uint8Array>()

  return (signs, end, data) => {
    const before = kept.get(end) ?? new Uint8Array()
    const text = Buffer.concat([before, data])
    kept.set(end, new Uint8Array(text.subarray(-endBytes)))
    // What lies wholly in what was sent before was found then.
    return signs.filter(({ bytes }) => text.indexOf(bytes, Math.max(0, before.byteLength - bytes.byteLength + 1)) !== -1)
  }
}
