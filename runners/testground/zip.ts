import { promisify } from 'node:util'
import { crc32, deflateRaw } from 'node:zlib'

const deflate = promisify(deflateRaw)

/** What the plain format of a ZIP file can hold. */
export const zipLimits = { files: 65_535, bytes: 2 ** 32 - 1 } as const

/** A file that is to be packed. */
export interface ZipEntry {
  /** A relative path with slashes. */
  readonly name: string
  /** Called once, when its turn has come. */
  readonly read: () => Promise<Buffer>
}

/**
 * Packs files into a ZIP archive, one after another (PKWARE's APPNOTE 6.3.3, without ZIP64): Testground's daemon unpacks nothing
 * else. Times and modes are the same whenever and wherever it is packed.
 *
 * @throws {RangeError} for more than `zipLimits`
 */
export async function * zip (entries: readonly ZipEntry[]): AsyncGenerator<Buffer> {
  const directory: Buffer[] = []
  let offset = 0

  if (entries.length > zipLimits.files) {
    throw new RangeError(`an archive holds at most ${zipLimits.files} files, not ${entries.length}`)
  }

  for (const { name, read } of entries) {
    const content = await read()
    const packed = await deflate(content)
    const path = Buffer.from(name)
    const header = commonHeader(content, packed, path)
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), header, path])
    directory.push(centralRecord(header, path, offset))
    offset += local.length + packed.length

    if (offset > zipLimits.bytes) {
      throw new RangeError(`an archive holds at most ${zipLimits.bytes} bytes`)
    }

    yield local
    yield packed
  }

  const central = Buffer.concat(directory)
  yield central
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06')
  end.writeUInt16LE(entries.length, 8)
  end.writeUInt16LE(entries.length, 10)
  end.writeUInt32LE(central.length, 12)
  end.writeUInt32LE(offset, 16)
  yield end
}

/** What the record before a file and the one in the directory have in common: 26 bytes. */
function commonHeader (content: Buffer, packed: Buffer, path: Buffer): Buffer {
  const [version, names, deflated, firstOfJanuary1980] = [20, 0x0800, 8, 0x0021]
  const header = Buffer.alloc(26)
  header.writeUInt16LE(version, 0)
  header.writeUInt16LE(names, 2)
  header.writeUInt16LE(deflated, 4)
  header.writeUInt16LE(firstOfJanuary1980, 8)
  header.writeUInt32LE(crc32(content), 10)
  header.writeUInt32LE(packed.length, 14)
  header.writeUInt32LE(content.length, 18)
  header.writeUInt16LE(path.length, 22)
  return header
}

function centralRecord (header: Buffer, path: Buffer, offset: number): Buffer {
  const [unix, regularFile] = [0x0314, 0o100644]
  const [before, after] = [Buffer.alloc(6), Buffer.alloc(14)]
  before.write('PK\x01\x02')
  before.writeUInt16LE(unix, 4)
  // 65,536 times the mode, which shifting would make negative.
  after.writeUInt32LE(regularFile * 0x10000, 6)
  after.writeUInt32LE(offset, 10)
  return Buffer.concat([before, header, after, path])
}
