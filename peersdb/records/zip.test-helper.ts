import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'

/** The files of a stored zip, read through its central directory as an unpacker would. For tests only. */
export function unzipStored (archive: Uint8Array): Map<string, Uint8Array> {
  const zip = Buffer.from(archive)
  const end = zip.length - 22
  if (zip.readUInt32LE(end) !== 0x06054b50) throw new Error('no end record')
  const files = new Map<string, Uint8Array>()
  let at = zip.readUInt32LE(end + 16)
  for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
    const nameBytes = zip.readUInt16LE(at + 28)
    const sizeBytes = zip.readUInt32LE(at + 24)
    const local = zip.readUInt32LE(at + 42)
    const name = zip.subarray(at + 46, at + 46 + nameBytes)
    const start = local + 30 + nameBytes
    const bytes = zip.subarray(start, start + sizeBytes)
    if (!zip.subarray(local + 4, local + 30).equals(zip.subarray(at + 6, at + 32))) throw new Error(`headers of ${name.toString()} differ`)
    if (!zip.subarray(local + 30, start).equals(name)) throw new Error(`names of ${name.toString()} differ`)
    if (crc32(bytes) !== zip.readUInt32LE(at + 16)) throw new Error(`checksum of ${name.toString()} is wrong`)
    files.set(name.toString(), bytes)
    at += 46 + nameBytes
  }
  if (at !== end) throw new Error('the central directory does not end where it should')
  return files
}

/** SHA-256 as hexadecimal digits. */
export function sha256 (...parts: ReadonlyArray<string | Uint8Array>): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}
