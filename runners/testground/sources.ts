import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, isAbsolute, join, relative } from 'node:path'
import { RunRequestError } from '../errors.ts'
import { zipLimits } from './zip.ts'
import type { Timeline } from '../../plans/index.ts'
import type { CaseSpec, RunSpec } from '../composition/index.ts'
import type { ZipEntry } from './zip.ts'

/** The directory of the image into which the plan's Dockerfile copies what is handed over. */
const planDirectory = '/plan'
/** What is handed over is read by the daemon as a whole; more than this is a mistake. */
const bytesMax = 2 ** 30

/** What is handed over to be built, and the parameters of each group in which paths are those of the image. */
export interface Sources {
  readonly entries: readonly ZipEntry[]
  readonly params: ReadonlyArray<Readonly<Record<string, string>>>
}

export interface SourcesInit {
  /** `dist/plan`. */
  readonly directory: string
  readonly run: RunSpec
  readonly spec: CaseSpec
  /** What goes wrong on links, which the plan sees to; nobody else could tell it. */
  readonly faults?: Timeline | undefined
}

/**
 * Gathers the plan with the files that the parameters of a run name: the machine that builds the image may be another one.
 *
 * @throws {RunRequestError} for files that cannot be read, or are too many
 */
export async function gatherSources ({ directory, run, spec, faults }: SourcesInit): Promise<Sources> {
  const entries: SizedEntry[] = await planEntries(directory)
  const taken = new Map<string, string>()

  const place = async (path: string): Promise<string> => {
    const known = taken.get(path)

    if (known != null) {
      return known
    }

    const name = `files/${taken.size}-${basename(path).replace(/[^\w.-]/g, '_')}`
    taken.set(path, `${planDirectory}/${name}`)
    entries.push(...await filesBelow(path, name))
    return `${planDirectory}/${name}`
  }
  const params: Array<Record<string, string>> = []

  for (const group of run.groups) {
    const own: Record<string, string> = { ...group.params }

    for (const [name, value] of Object.entries(group.params)) {
      const type = spec.params[name]?.type

      if (isAbsolute(value) && (type === 'profile' || type === 'corpus')) {
        own[name] = await place(value)
      } else if (type === 'file') {
        // What it says was read and placed before; it goes along as it was understood.
        own[name] = ''
      }
    }

    params.push(own)
  }

  if (faults != null) {
    const text = Buffer.from(JSON.stringify(faults))
    entries.push({ name: 'faults.json', bytes: text.length, read: () => Promise.resolve(text) })
  }

  return { entries: refuseTooMany(entries), params }
}

/** The files of the plan but for those that its `.testgroundignore` names, in which `*` is any part of a name. */
async function planEntries (directory: string): Promise<SizedEntry[]> {
  const file = join(directory, '.testgroundignore')
  const lines = await readFile(file, 'utf8').then((text) => text.split('\n').map((line) => line.trim()), () => [])
  const patterns = lines.filter((line) => line !== '' && !line.startsWith('#')).map((line) => line.replace(/\/$/, ''))
  const matchers = patterns.map((pattern) => {
    const text = pattern.replace(/^\//, '').split('*').map((part) => part.replace(/[^\w]/g, '\\$&')).join('[^/]*')
    // A pattern with a slash counts from the plan's directory, any other one holds in every directory.
    return new RegExp(`${pattern.includes('/') ? '^' : '(^|/)'}${text}(/|$)`)
  })
  return (await filesBelow(directory, '')).filter(({ name }) => !matchers.some((matcher) => matcher.test(name)))
}

type SizedEntry = ZipEntry & { readonly bytes: number }

async function filesBelow (path: string, name: string): Promise<SizedEntry[]> {
  try {
    const found = await stat(path)

    if (found.isFile()) {
      return [{ name, bytes: found.size, read: () => readFile(path) }]
    }

    const files = (await readdir(path, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
    return await Promise.all(files.map((entry) => join(entry.parentPath, entry.name)).sort().map(async (file) => ({
      name: join(name, relative(path, file)), bytes: (await stat(file)).size, read: () => readFile(file)
    })))
  } catch (err) {
    throw new RunRequestError(`${path} cannot be handed over to the daemon (${(err as NodeJS.ErrnoException).code ?? (err as Error).message}); check the path`)
  }
}

function refuseTooMany (entries: readonly SizedEntry[]): readonly SizedEntry[] {
  const bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0)

  if (entries.length > zipLimits.files || bytes > bytesMax) {
    throw new RunRequestError(`the plan and the files that the parameters name are ${entries.length} files with ${bytes} bytes, but the daemon is given at most ` +
      `${zipLimits.files} files with ${bytesMax} bytes; take a corpus that the plan generates itself, such as corpus=paper`)
  }

  return entries
}
