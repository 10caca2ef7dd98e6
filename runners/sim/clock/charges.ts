import crypto from 'node:crypto'
import { replace } from './patch.ts'
import type { CostTable } from '../costs.ts'
import type { Scheduler } from './scheduler.ts'

const mebibyte = 2 ** 20

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown

/** Charges the actor that signs, verifies, hashes, encrypts or decrypts for the time that it would take. */
export function installCharges (scheduler: Scheduler, { signMs, verifyMs, bytesMsPerMebibyte }: CostTable): void {
  const charging = (costOf: (args: readonly unknown[]) => number) => (original: AnyFunction): AnyFunction => function (...args) {
    scheduler.charge(costOf(args))
    return original.apply(this, args)
  }
  const byLength = charging(([data]) => bytesMsPerMebibyte * lengthOf(data) / mebibyte)

  replace(crypto as unknown as Record<string, AnyFunction>, 'sign', charging(() => signMs))
  replace(crypto as unknown as Record<string, AnyFunction>, 'verify', charging(() => verifyMs))

  replace(crypto as unknown as Record<string, AnyFunction>, 'hash', charging(([, data]) => bytesMsPerMebibyte * lengthOf(data) / mebibyte))

  for (const { prototype } of [crypto.Hash, crypto.Cipheriv, crypto.Decipheriv]) {
    replace(prototype as unknown as Record<string, AnyFunction>, 'update', byLength)
  }
}

function lengthOf (data: unknown): number {
  return typeof data === 'string' ? Buffer.byteLength(data) : ArrayBuffer.isView(data) ? data.byteLength : 0
}
