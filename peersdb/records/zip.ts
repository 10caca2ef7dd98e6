import { crc32 } from 'node:zlib'

/** A file inside an archive. Its name uses `/` between folders. */
export interface ZipEntry {
  readonly name: string
  readonly bytes: Uint8Array
}

// Midnight of 1 January 1980, the first moment that the format can hold.
const dosTime = 0
const dosDate = 0x0021
const utf8Names = 0x0800
const version = 20
const localHeaderBytes = 30
const centralHeaderBytes = 46
const endBytes = 22

interface PlacedEntry {
  name: Buffer
  bytes: Uint8Array
  crc: number
  offset: number
}

/**
 * A zip archive whose bytes depend on the entries alone: sorted by the bytes of their names, at one fixed time, stored. It does
 * not compress, because deflate's output differs between versions of zlib, and so would the CID.
 *
 * Format: PKWARE APPNOTE 6.3, sections 4.3.7, 4.3.12 and 4.3.16, without zip64 (under 4 GiB and 65,535 entries).
 *
 * @throws {RangeError} where the entries are too many or too large for that, or share a name
 */
export function storedZip (entries: readonly ZipEntry[]): Uint8Array {
  const placed = place(entries)
  const contentBytes = sum(placed, ({ name, bytes }) => localHeaderBytes + name.length + bytes.length)
  const directoryBytes = sum(placed, ({ name }) => centralHeaderBytes + name.length)

  if (contentBytes + directoryBytes + endBytes > 0xfffffffe || placed.length > 0xfffe) {
    throw new RangeError(`${placed.length} files of ${contentBytes} bytes are more than an archive without zip64 can hold; split them`)
  }

  const archive = Buffer.alloc(contentBytes + directoryBytes + endBytes)
  let at = 0

  for (const entry of placed) {
    entry.offset = at
    at = archive.writeUInt32LE(0x04034b50, at)
    at = writeCommonHeader(archive, at, entry)
    at += entry.name.copy(archive, at)
    archive.set(entry.bytes, at)
    at += entry.bytes.length
  }

  for (const entry of placed) {
    at = archive.writeUInt32LE(0x02014b50, at)
    at = archive.writeUInt16LE(version, at)
    at = writeCommonHeader(archive, at, entry)
    // The comment's length, the disk number, and the internal and external attributes stay zero.
    at = archive.writeUInt32LE(entry.offset, at + 10)
    at += entry.name.copy(archive, at)
  }

  at = archive.writeUInt32LE(0x06054b50, at)
  at = archive.writeUInt16LE(placed.length, at + 4)
  at = archive.writeUInt16LE(placed.length, at)
  at = archive.writeUInt32LE(directoryBytes, at)
  archive.writeUInt32LE(contentBytes, at)
  return archive
}

function place (entries: readonly ZipEntry[]): PlacedEntry[] {
  const placed = entries
    .map(({ name, bytes }) => ({ name: Buffer.from(name), bytes, crc: crc32(bytes), offset: 0 }))
    .sort((a, b) => Buffer.compare(a.name, b.name))
  const twice = placed.find(({ name }, index) => index > 0 && placed[index - 1]?.name.equals(name))

  if (twice != null) {
    throw new RangeError(`an archive cannot hold "${twice.name.toString()}" twice; rename one of them`)
  }

  return placed
}

function sum (entries: readonly PlacedEntry[], bytesOf: (entry: PlacedEntry) => number): number {
  return entries.reduce((total, entry) => total + bytesOf(entry), 0)
}

/** The 26 bytes that the local and the central header have in common, from "version needed" to "extra length". */
function writeCommonHeader (archive: Buffer, start: number, { name, bytes, crc }: PlacedEntry): number {
  let at = archive.writeUInt16LE(version, start)
  at = archive.writeUInt16LE(utf8Names, at)
  at = archive.writeUInt16LE(0, at)
  at = archive.writeUInt16LE(dosTime, at)
  at = archive.writeUInt16LE(dosDate, at)
  at = archive.writeUInt32LE(crc, at)
  at = archive.writeUInt32LE(bytes.length, at)
  at = archive.writeUInt32LE(bytes.length, at)
  at = archive.writeUInt16LE(name.length, at)
  return archive.writeUInt16LE(0, at)
}
