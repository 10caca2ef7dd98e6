import { createCipheriv, createHash, generateKeyPairSync, randomBytes, sign, verify } from 'node:crypto'
import type { CostTable } from './costs.ts'

/** About the size of an encoded entry of the contributions log. */
const entryBytes = 700
const mebibyte = 2 ** 20
/** What is encrypted at once: a large frame of the stream multiplexer. */
const pieceBytes = 64 * 1024
const authTagLength = 16
const rounds = 15
const warmRounds = 5
/** So many signatures and verifications make one round, which is long beside the resolution of the clock. */
const callsPerRound = 50

/**
 * What cryptography costs on this machine, each the median CPU time of fifteen warm rounds: Ed25519 over 700 bytes, and the mean
 * of SHA-256 and ChaCha20-Poly1305 per MiB, which the table does not tell apart.
 */
export function measureCrypto (): Omit<CostTable, 'eventMs'> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const entry = randomBytes(entryBytes)
  const signature = sign(null, entry, privateKey)
  const bulk = randomBytes(mebibyte)
  const hashMs = medianMs(() => { createHash('sha256').update(bulk).digest() })
  const encryptMs = medianMs(() => { encrypt(bulk) })

  return {
    signMs: medianMs(() => { repeat(() => { sign(null, entry, privateKey) }) }) / callsPerRound,
    verifyMs: medianMs(() => { repeat(() => { verify(null, entry, publicKey, signature) }) }) / callsPerRound,
    bytesMsPerMebibyte: (hashMs + encryptMs) / 2
  }
}

function repeat (work: () => void): void {
  for (let call = 0; call < callsPerRound; call++) {
    work()
  }
}

function encrypt (data: Uint8Array): void {
  const cipher = createCipheriv('chacha20-poly1305', Buffer.alloc(32), Buffer.alloc(12), { authTagLength })

  for (let offset = 0; offset < data.byteLength; offset += pieceBytes) {
    cipher.update(data.subarray(offset, offset + pieceBytes))
  }

  cipher.final()
}

function medianMs (work: () => void): number {
  const times = Array.from({ length: warmRounds + rounds }, () => {
    const before = process.cpuUsage()
    work()
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1000
  })
  return middle(times.slice(warmRounds))
}

/** The middle one of an odd number of values. */
export function middle (values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[(values.length - 1) / 2] as number
}
