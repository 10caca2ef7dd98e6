import { crc32, inflateRawSync } from 'node:zlib'

export interface ArchiveEntry {
  name: string
  bytes: Uint8Array
}

/** What was in the archive, or what is wrong with it. */
export type ArchiveContent = { entries: ArchiveEntry[] } | { problem: string }

const localSignature = 0x04034b50
const centralSignature = 0x02014b50
const endSignature = 0x06054b50
const localBytes = 30
const centralBytes = 46
const endBytes = 22
const maxCommentBytes = 0xffff
const encryptedFlag = 1
const stored = 0
const deflated = 8

/** Whether the bytes begin as a zip archive does. */
export function isArchive (bytes: Uint8Array): boolean {
  return bytes.byteLength >= endBytes && view(bytes).getUint32(0, true) === localSignature
}

/**
 * Reads a zip archive of a stranger: at most `maxEntries` entries and `maxBytes` bytes are unpacked, whatever it promises.
 *
 * Format: PKWARE APPNOTE 6.3, sections 4.3.7, 4.3.12 and 4.3.16, without zip64 and encryption.
 */
export function readArchive (bytes: Uint8Array, { maxEntries, maxBytes }: { maxEntries: number, maxBytes: number }): ArchiveContent {
  try {
    return { entries: unpack(bytes, maxEntries, maxBytes) }
  } catch (err) {
    return { problem: err instanceof RangeError ? 'is a damaged archive, or one that unpacks to too much' : (err as Error).message }
  }
}

function unpack (bytes: Uint8Array, maxEntries: number, maxBytes: number): ArchiveEntry[] {
  const data = view(bytes)
  const end = findEnd(data)
  const count = data.getUint16(end + 10, true)
  let at = data.getUint32(end + 16, true)

  if (count > maxEntries) {
    throw new Error(`is an archive of ${count} entries where at most ${maxEntries} are read`)
  }

  const entries: ArchiveEntry[] = []
  let left = maxBytes

  for (let i = 0; i < count; i++) {
    if (data.getUint32(at, true) !== centralSignature) {
      throw new Error('is an archive whose directory is damaged')
    }

    const nameLength = data.getUint16(at + 28, true)
    const name = new TextDecoder().decode(bytes.subarray(at + centralBytes, at + centralBytes + nameLength))

    if (!name.endsWith('/')) {
      const content = unpackEntry(bytes, at, left)
      left -= content.byteLength
      entries.push({ name, bytes: content })
    }

    at += centralBytes + nameLength + data.getUint16(at + 30, true) + data.getUint16(at + 32, true)
  }

  return entries
}

/** Unpacks the entry whose directory record is at `at`. */
function unpackEntry (bytes: Uint8Array, at: number, maxOutputLength: number): Uint8Array {
  const data = view(bytes)
  const method = data.getUint16(at + 10, true)
  const packedBytes = data.getUint32(at + 20, true)
  const local = data.getUint32(at + 42, true)

  if ((data.getUint16(at + 8, true) & encryptedFlag) !== 0 || (method !== stored && method !== deflated)) {
    throw new Error('is an archive that is encrypted or packed in an unusual way; pack it with deflate or not at all')
  }

  if (data.getUint32(local, true) !== localSignature) {
    throw new Error('is an archive whose directory points to nowhere')
  }

  const start = local + localBytes + data.getUint16(local + 26, true) + data.getUint16(local + 28, true)
  const packed = bytes.subarray(start, start + packedBytes)

  if (packed.byteLength !== packedBytes || packed.byteLength > maxOutputLength) {
    throw new RangeError('too much')
  }

  const content = method === stored ? packed : inflate(packed, maxOutputLength)

  if (crc32(content) !== data.getUint32(at + 16, true)) {
    throw new Error('is an archive whose checksums do not fit its content')
  }

  return content
}

function inflate (packed: Uint8Array, maxOutputLength: number): Uint8Array {
  try {
    return inflateRawSync(packed, { maxOutputLength: Math.max(1, maxOutputLength) })
  } catch (err) {
    throw new RangeError('too much', { cause: err })
  }
}

function findEnd (data: DataView): number {
  const first = Math.max(0, data.byteLength - endBytes - maxCommentBytes)

  for (let at = data.byteLength - endBytes; at >= first; at--) {
    if (data.getUint32(at, true) === endSignature) {
      return at
    }
  }

  throw new Error('is an archive without a directory')
}

function view (bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
