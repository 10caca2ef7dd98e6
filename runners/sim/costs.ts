import { readFile } from 'node:fs/promises'
import * as z from 'zod'
import { RunRequestError } from '../errors.ts'

const milliseconds = z.number().nonnegative()

const costTable = z.strictObject({
  eventMs: milliseconds,
  signMs: milliseconds,
  verifyMs: milliseconds,
  bytesMsPerMebibyte: milliseconds
})

/**
 * What work costs the processor of an instance: every event, a signature, a verification, and each MiB that is hashed,
 * encrypted or decrypted, all in milliseconds.
 */
export type CostTable = Readonly<z.infer<typeof costTable>>

/**
 * Reads a table of costs from a JSON file.
 *
 * @throws {RunRequestError} naming the file, the field and what it must be
 */
export async function readCosts (file: string): Promise<CostTable> {
  const text = await readFile(file, 'utf8').catch((err: NodeJS.ErrnoException) => {
    throw new RunRequestError(`the table of costs ${file} cannot be read (${err.code ?? err.message}); make one with: peerslab costs ${file}`)
  })
  let json: unknown

  try {
    json = JSON.parse(text)
  } catch (err) {
    throw new RunRequestError(`the table of costs ${file} is not JSON (${(err as Error).message}); make it anew with: peerslab costs ${file}`)
  }

  const parsed = costTable.safeParse(json)

  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new RunRequestError(`the table of costs ${file} is not valid at ${issue?.path.join('.') || 'its top level'} (${issue?.message ?? 'malformed'}); make it anew with: peerslab costs ${file}`)
  }

  return parsed.data
}
