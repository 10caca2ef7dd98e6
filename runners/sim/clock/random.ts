import crypto from 'node:crypto'
import { UnseededError } from '../errors.ts'
import { currentActor } from './actor.ts'
import { replace } from './patch.ts'
import type { Actor } from './actor.ts'
import type { KeyExportOptions, KeyObject } from 'node:crypto'
import type { Scheduler } from './scheduler.ts'

type Bytes = ArrayBufferView<ArrayBuffer>

/** The DER prefixes of a PKCS #8 private key (RFC 8410) before its 32 bytes, of the key types that can be drawn from a seed. */
const pkcs8Prefixes: Readonly<Record<string, Buffer>> = {
  ed25519: Buffer.from('302e020100300506032b657004220420', 'hex'),
  x25519: Buffer.from('302e020100300506032b656e04220420', 'hex')
}
/** A byte of a random UUID holds its version (RFC 9562), another its variant. */
const uuidVersion4 = 0x40
const uuidVariant = 0x80

interface KeyPairOptions {
  publicKeyEncoding?: KeyExportOptions<'pem'>
  privateKeyEncoding?: KeyExportOptions<'pem'>
}

/** Replaces every source of chance by streams that are drawn from the seed, one for each actor and purpose. */
export function installRandom (scheduler: Scheduler, harness: Actor): void {
  const actor = (): Actor => currentActor() ?? harness
  const fill = <T extends Bytes> (target: T): T => {
    const bytes = new Uint8Array(target.buffer, target.byteOffset, target.byteLength)
    const from = actor()

    for (let at = 0; at < bytes.byteLength; at += 4) {
      const word = from.uint32('bytes')
      bytes[at] = word
      bytes[at + 1] = word >>> 8
      bytes[at + 2] = word >>> 16
      bytes[at + 3] = word >>> 24
    }

    return target
  }
  const uniform = (): number => ((actor().uint32('math') >>> 5) * 67108864 + (actor().uint32('math') >>> 6)) / 9007199254740992
  const later = <T> (value: T, callback: (err: null, value: T) => void): void => { scheduler.complete(0)(() => { callback(null, value) }) }

  replace(Math, 'random', () => uniform)
  replace(Object.getPrototypeOf(globalThis.crypto) as Crypto, 'getRandomValues', () => fill as Crypto['getRandomValues'])
  replace(Object.getPrototypeOf(globalThis.crypto) as Crypto, 'randomUUID', () => () => uuid(fill(Buffer.alloc(16))))
  const functions = {
    randomUUID: () => uuid(fill(Buffer.alloc(16))),
    randomBytes: (size: number, callback?: (err: null, bytes: Buffer) => void) => {
      const bytes = fill(Buffer.alloc(size))
      return callback == null ? bytes : later(bytes, callback)
    },
    randomFillSync: (target: Bytes, offset = 0, size = target.byteLength - offset) => {
      fill(new Uint8Array(target.buffer, target.byteOffset + offset, size))
      return target
    },
    randomFill: (target: Bytes, ...rest: unknown[]) => {
      const callback = rest.pop() as (err: null, target: Bytes) => void
      later(functions.randomFillSync(target, ...rest as number[]), callback)
    },
    randomInt: (min: number, max?: number | ((err: null, value: number) => void), callback?: (err: null, value: number) => void) => {
      const [from, to, done] = typeof max === 'number' ? [min, max, callback] : [0, min, max]
      const value = from + Math.floor(uniform() * (to - from))
      return done == null ? value : later(value, done)
    },
    generateKeyPairSync: (type: string, options?: KeyPairOptions) => keyPair(type, options, (size) => fill(Buffer.alloc(size))),
    generateKeyPair: (type: string, options: KeyPairOptions, callback: (err: null, publicKey: unknown, privateKey: unknown) => void) => {
      const { publicKey, privateKey } = functions.generateKeyPairSync(type, options)
      scheduler.complete(0)(() => { callback(null, publicKey, privateKey) })
    },
    ...unseeded()
  }

  for (const [name, value] of Object.entries(functions)) {
    replace(crypto as unknown as Record<string, unknown>, name, () => value)
  }

  replace(Object.getPrototypeOf(crypto.subtle) as { generateKey: unknown }, 'generateKey', () => refuse('crypto.subtle.generateKey'))
}

/** What draws from chance in native code, where no seed reaches. */
function unseeded () {
  const names = ['generateKey', 'generateKeySync', 'generatePrime', 'generatePrimeSync', 'createECDH', 'createDiffieHellman', 'getDiffieHellman']
  return Object.fromEntries(names.map((name) => [name, refuse(`crypto.${name}`)]))
}

function refuse (name: string): () => never {
  return () => {
    throw new UnseededError(`${name} draws from chance that no seed decides; a simulation would not be repeatable, so generate Ed25519 or X25519 keys`)
  }
}

function keyPair (type: string, options: KeyPairOptions = {}, draw: (size: number) => Buffer): { publicKey: unknown, privateKey: unknown } {
  const prefix = Object.hasOwn(pkcs8Prefixes, type) ? pkcs8Prefixes[type] : undefined

  if (prefix == null) {
    throw new UnseededError(`a key of type ${type} cannot be drawn from a seed; use ${Object.keys(pkcs8Prefixes).join(' or ')}`)
  }

  const privateKey = crypto.createPrivateKey({ key: Buffer.concat([prefix, draw(32)]), format: 'der', type: 'pkcs8' })
  const encode = (key: KeyObject, encoding?: KeyExportOptions<'pem'>): unknown => encoding == null ? key : key.export(encoding)
  return {
    publicKey: encode(crypto.createPublicKey(privateKey), options.publicKeyEncoding),
    privateKey: encode(privateKey, options.privateKeyEncoding)
  }
}

function uuid (bytes: Buffer): `${string}-${string}-${string}-${string}-${string}` {
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | uuidVersion4
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | uuidVariant
  const hex = bytes.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
