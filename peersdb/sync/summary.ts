import assert from 'node:assert/strict'
import { addDigest, digestBytes, digestWords, fingerprintOf } from './fingerprint.ts'
import type { Fingerprint, Prefix } from './fingerprint.ts'

const fanOut = 16
const leafMax = 32
const root = 1

/**
 * A growing set of 32-byte digests which knows the fingerprint of every prefix range in O(depth): a trie of hexadecimal
 * digits. Its nodes keep the count and the sum of what is below them, and a leaf of more than 32 digests becomes a node.
 *
 * Everything is in a few typed arrays, since a million small objects would take several times the memory. A link is 0 for
 * nothing, n for the node n, and ~i for a leaf: digest i and those that `#next` chains to it.
 */
export class Summary {
  #size = 0
  /** Digest i is the words 8 i to 8 i + 7, most significant first. The one after the last is room to compare in. */
  #digests = new Uint32Array(64 * digestWords)
  #next = new Int32Array(64)
  #nodes = root + 1
  #links = new Int32Array(4 * fanOut)
  #counts = new Uint32Array(4)
  #sums = new Uint32Array(4 * digestWords)

  /** How many digests there are. */
  get size (): number {
    return this.#size
  }

  /** Adds a digest; false where it was there already. */
  add (digest: Uint8Array): boolean {
    const index = this.#stage(digest)

    if (this.#contains(index)) {
      return false
    }

    this.#size++
    this.#insert(root, 0, index)
    return true
  }

  has (digest: Uint8Array): boolean {
    return this.#contains(this.#stage(digest))
  }

  /** How many digests begin with the prefix. */
  count (prefix: Prefix): number {
    const link = this.#find(prefix)
    return link > 0 ? this.#counts[link]! : this.#leaf(link, prefix).length
  }

  /** The fingerprint of the digests that begin with the prefix. */
  fingerprint (prefix: Prefix): Fingerprint {
    const link = this.#find(prefix)

    if (link > 0) {
      return fingerprintOf(this.#counts[link]!, this.#sums.subarray(link * digestWords, (link + 1) * digestWords))
    }

    const indices = this.#leaf(link, prefix)
    const sum = new Uint32Array(digestWords)
    indices.forEach((index) => { addDigest(sum, 0, this.#digests, index * digestWords) })
    return fingerprintOf(indices.length, sum)
  }

  /** Copies of the digests that begin with the prefix, in ascending order. */
  digests (prefix: Prefix): Uint8Array[] {
    const indices: number[] = []
    this.#gather(this.#find(prefix), prefix, indices)
    const view = new DataView(new ArrayBuffer(indices.length * digestBytes))
    return indices.map((index, place) => {
      for (let word = 0; word < digestWords; word++) {
        view.setUint32(place * digestBytes + word * 4, this.#digests[index * digestWords + word]!)
      }

      return new Uint8Array(view.buffer, place * digestBytes, digestBytes)
    })
  }

  /** Writes the digest behind the last one, where it is compared, and stays if it is new. */
  #stage (digest: Uint8Array): number {
    assert(digest.byteLength === digestBytes, `a digest has ${digestBytes} bytes, and not ${digest.byteLength}`)
    const index = this.#size
    this.#digests = roomFor(this.#digests, (index + 1) * digestWords)
    this.#next = roomFor(this.#next, index + 1)

    for (let word = 0, byte = 0; word < digestWords; word++, byte += 4) {
      this.#digests[index * digestWords + word] =
        digest[byte]! << 24 | digest[byte + 1]! << 16 | digest[byte + 2]! << 8 | digest[byte + 3]!
    }

    return index
  }

  #contains (index: number): boolean {
    let link = root

    for (let depth = 0; link > 0; depth++) {
      link = this.#links[link * fanOut + this.#digit(index, depth)]!
    }

    for (; link !== 0; link = this.#next[~link]!) {
      if (this.#compare(~link, index) === 0) {
        return true
      }
    }

    return false
  }

  #insert (from: number, fromDepth: number, index: number): void {
    let node = from
    let depth = fromDepth

    for (;;) {
      const slot = node * fanOut + this.#digit(index, depth)
      this.#counts[node]!++
      addDigest(this.#sums, node * digestWords, this.#digests, index * digestWords)
      depth++

      if (this.#links[slot]! <= 0) {
        this.#next[index] = this.#links[slot]!
        this.#links[slot] = ~index
        this.#splitLarge(slot, depth)
        return
      }

      node = this.#links[slot]!
    }
  }

  /** Puts a node in place of a leaf that became too large. */
  #splitLarge (slot: number, depth: number): void {
    const first = this.#links[slot]!
    let size = 0

    for (let link = first; link !== 0; link = this.#next[~link]!) {
      size++
    }

    if (size <= leafMax) {
      return
    }

    const node = this.#nodes++
    this.#links = roomFor(this.#links, this.#nodes * fanOut)
    this.#counts = roomFor(this.#counts, this.#nodes)
    this.#sums = roomFor(this.#sums, this.#nodes * digestWords)
    this.#links[slot] = node

    for (let link = first; link !== 0;) {
      const index = ~link
      link = this.#next[index]!
      this.#insert(node, depth, index)
    }
  }

  /** The node that is the range, or the leaf that contains it among others. */
  #find (prefix: Prefix): number {
    assert(/^[0-9a-f]{0,64}$/.test(prefix), `"${prefix}" is not a prefix; it has up to 64 digits 0 to 9 and a to f`)
    let link = root

    for (let depth = 0; link > 0 && depth < prefix.length; depth++) {
      link = this.#links[link * fanOut + digitOf(prefix, depth)]!
    }

    return link
  }

  /** The digests of a leaf that begin with the prefix, in ascending order. */
  #leaf (leaf: number, prefix: Prefix): number[] {
    const indices: number[] = []

    for (let link = leaf; link !== 0; link = this.#next[~link]!) {
      if (this.#begins(~link, prefix)) {
        indices.push(~link)
      }
    }

    return indices.sort((a, b) => this.#compare(a, b))
  }

  #gather (link: number, prefix: Prefix, indices: number[]): void {
    if (link <= 0) {
      indices.push(...this.#leaf(link, prefix))
      return
    }

    for (let digit = 0; digit < fanOut; digit++) {
      this.#gather(this.#links[link * fanOut + digit]!, prefix, indices)
    }
  }

  #begins (index: number, prefix: Prefix): boolean {
    for (let depth = 0; depth < prefix.length; depth++) {
      if (this.#digit(index, depth) !== digitOf(prefix, depth)) {
        return false
      }
    }

    return true
  }

  #digit (index: number, depth: number): number {
    return this.#digests[index * digestWords + (depth >>> 3)]! >>> (28 - 4 * (depth & 7)) & 15
  }

  #compare (a: number, b: number): number {
    for (let word = 0; word < digestWords; word++) {
      const difference = this.#digests[a * digestWords + word]! - this.#digests[b * digestWords + word]!

      if (difference !== 0) {
        return difference
      }
    }

    return 0
  }
}

function digitOf (prefix: Prefix, depth: number): number {
  return Number.parseInt(prefix[depth]!, fanOut)
}

/** The array, or its content in a larger one: half as large again, so that growing costs little per digest. */
function roomFor<T extends Uint32Array | Int32Array> (array: T, length: number): T {
  if (length <= array.length) {
    return array
  }

  const grown = new (array.constructor as new (length: number) => T)(Math.max(length, Math.ceil(array.length * 1.5)))
  grown.set(array)
  return grown
}
