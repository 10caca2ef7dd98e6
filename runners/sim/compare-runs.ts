import { createReadStream } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** So many events before the first difference are shown. */
const contextEvents = 5
/** Files that are as long as a run, and say no more than the summary's digest of all events. */
const tracedFiles = ['trace.txt', 'messages.csv']
/** The fields of a simulation's summary that the real clock and the real memory decide. */
const realFields = ['wallMs', 'cpuMs', 'rssBytes']

/** Where two runs of the same composition and seed part. */
export interface Divergence {
  /** The number of the event, from 1. */
  readonly event: number
  readonly first: string
  readonly second: string
  /** What both had before it. */
  readonly before: readonly string[]
}

/** The files of two run folders' instances that differ, each by its path within `instances`. */
export async function differingFiles (first: string, second: string): Promise<string[]> {
  const [a, b] = await Promise.all([first, second].map(filesOf)) as [string[], string[]]
  const differing: string[] = []

  for (const file of [...new Set([...a, ...b])].sort()) {
    const [one, other] = await Promise.all([first, second].map((folder) => contentOf(folder, file)))

    if (one !== other) {
      differing.push(file)
    }
  }

  return differing
}

async function filesOf (folder: string): Promise<string[]> {
  const entries = await readdir(join(folder, 'instances'), { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile() && !tracedFiles.includes(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, 'instances').length + 1))
}

async function contentOf (folder: string, file: string): Promise<string | undefined> {
  const text = await readFile(join(folder, 'instances', file), 'utf8').catch((err: NodeJS.ErrnoException) => {
    if (err.code === 'ENOENT') {
      return undefined
    }

    throw err
  })

  if (text == null || !file.endsWith('simulation.json')) {
    return text
  }

  const summary = JSON.parse(text) as Record<string, unknown>
  return JSON.stringify(Object.entries(summary).filter(([field]) => !realFields.includes(field)))
}

/** The first event in which two traces differ; undefined where they are equal. */
export async function firstDivergence (first: string, second: string): Promise<Divergence | undefined> {
  const linesOf = (file: string): AsyncIterator<string> => createInterface({ input: createReadStream(file) })[Symbol.asyncIterator]()
  const [a, b] = [linesOf(first), linesOf(second)]
  const before: string[] = []

  for (let event = 1; ; event++) {
    const [one, other] = await Promise.all([a.next(), b.next()])
    const [lineA, lineB] = [one, other].map(({ value, done }) => done === true ? undefined : value)

    if (lineA == null && lineB == null) {
      return undefined
    }

    if (lineA !== lineB) {
      return { event, first: lineA ?? 'the end', second: lineB ?? 'the end', before }
    }

    before.splice(0, Math.max(0, before.push(lineA ?? '') - contextEvents))
  }
}
