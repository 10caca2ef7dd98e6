import { readFile } from 'node:fs/promises'
import { AcceptError } from './errors.ts'

/** A worsening that was decided for. */
export interface Accepted {
  metric: string
  /** Undefined: in every part of the runs. */
  part?: string
  /** The most that is accepted: 0.1 is a tenth. */
  upTo: number
  reason: string
}

const line = /^(?:(\S+)\s+in\s+(\S+)|(\S+))\s+\+?(\d+(?:\.\d+)?)\s?%\s*:\s*(\S.*)$/

/**
 * Reads a file of accepted changes: one a line, with its reason, as in
 * `bytes_sent +12 %: entries carry a signature` or `replication_entry_ms in main/us-west1 +20 %: ...`.
 * Lines that are empty or start with # are passed over.
 *
 * @throws AcceptError that names the line
 */
export async function readAccepted (path: string): Promise<Accepted[]> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new AcceptError(`--accept ${path} cannot be read (${(error as Error).message}): give a file with a line for each accepted change.`)
  })
  return parseAccepted(text, path)
}

/** The same from the text of the file. */
export function parseAccepted (text: string, path: string): Accepted[] {
  return text.split('\n').flatMap((each, index) => {
    if (each.trim() === '' || each.startsWith('#')) return []
    const found = line.exec(each.trim())
    if (found === null) throw new AcceptError(`${path}:${index + 1} is no accepted change: write a metric, the most by which it may worsen and the reason, as in "bytes_sent +12 %: entries carry a signature".`)
    const [, partMetric, part, metric, share, reason] = found
    const where = part === undefined ? {} : { part }
    return { metric: partMetric ?? metric as string, ...where, upTo: Number(share) / 100, reason: reason as string }
  })
}
