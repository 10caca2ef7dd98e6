import { crc32 } from 'node:zlib'

/** A file inside an archive. Its name uses `/` between folders. */
export interface ZipEntry {
  readonly name: string
  readonly bytes: Uint8Array
}

// Midnight of 1 January 1980, the first moment the format can hold.
const DOS_TIME = 0
const DOS_DATE = 0x0021
const UTF8_NAMES = 0x0800
const VERSION = 20
const LOCAL_BYTES = 30
const CENTRAL_BYTES = 46
const END_BYTES = 22

/**
 * A zip archive whose bytes depend on the entries only: sorted by the bytes of their names, one fixed time, stored. It does not
 * compress, because deflate's output differs between zlib versions and so would the CID; an archive is as large as its content
 * plus 22 bytes, plus 76 bytes and twice its name for every entry.
 *
 * Format: PKWARE APPNOTE 6.3, sections 4.3.7, 4.3.12 and 4.3.16, without zip64 (under 4 GiB and 65,536 entries).
 *
 * @throws {RangeError} when the entries are too many or too large for that, or share a name
 */
export function storedZip (entries: readonly ZipEntry[]): Uint8Array {
  const named = entries
    .map((entry) => ({ name: Buffer.from(entry.name), bytes: entry.bytes, crc: crc32(entry.bytes), offset: 0 }))
    .sort((a, b) => Buffer.compare(a.name, b.name))
  const twice = named.find((entry, index) => index > 0 && named[index - 1]?.name.equals(entry.name))
  if (twice !== undefined) throw new RangeError(`An archive cannot hold ${twice.name.toString()} twice`)
  const contentBytes = named.reduce((sum, { name, bytes }) => sum + LOCAL_BYTES + name.length + bytes.length, 0)
  const directoryBytes = named.reduce((sum, { name }) => sum + CENTRAL_BYTES + name.length, 0)
  const totalBytes = contentBytes + directoryBytes + END_BYTES
  if (totalBytes > 0xfffffffe || named.length > 0xfffe) {
    throw new RangeError(`${named.length} entries of ${totalBytes} bytes are more than an archive without zip64 can hold`)
  }
  const archive = Buffer.alloc(totalBytes)
  let at = 0
  for (const entry of named) {
    entry.offset = at
    at = archive.writeUInt32LE(0x04034b50, at)
    at = writeCommon(archive, at, entry)
    at += entry.name.copy(archive, at)
    archive.set(entry.bytes, at)
    at += entry.bytes.length
  }
  for (const entry of named) {
    at = archive.writeUInt32LE(0x02014b50, at)
    at = archive.writeUInt16LE(VERSION, at)
    at = writeCommon(archive, at, entry)
    // Comment length, disk number, internal and external attributes stay zero.
    at = archive.writeUInt32LE(entry.offset, at + 10)
    at += entry.name.copy(archive, at)
  }
  at = archive.writeUInt32LE(0x06054b50, at)
  at = archive.writeUInt16LE(named.length, at + 4)
  at = archive.writeUInt16LE(named.length, at)
  at = archive.writeUInt32LE(directoryBytes, at)
  archive.writeUInt32LE(contentBytes, at)
  return archive
}

/** The 26 bytes that the local header and the central directory have in common, from "version needed" to "extra length". */
function writeCommon (archive: Buffer, start: number, entry: { name: Buffer, bytes: Uint8Array, crc: number }): number {
  let at = archive.writeUInt16LE(VERSION, start)
  at = archive.writeUInt16LE(UTF8_NAMES, at)
  at = archive.writeUInt16LE(0, at)
  at = archive.writeUInt16LE(DOS_TIME, at)
  at = archive.writeUInt16LE(DOS_DATE, at)
  at = archive.writeUInt32LE(entry.crc, at)
  at = archive.writeUInt32LE(entry.bytes.length, at)
  at = archive.writeUInt32LE(entry.bytes.length, at)
  at = archive.writeUInt16LE(entry.name.length, at)
  return archive.writeUInt16LE(0, at)
}
