import { lstat, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { forEachLine } from './lines.ts'
import { plain } from './rows.ts'

/** How a message of a sequence carries the contribution, in the order of legends. */
export const carriages = ['entry and file', 'entry', 'file', 'want', 'announcement'] as const

/** A message that carried a contribution, in virtual ms. */
export interface CarryingMessage {
  sentMs: number
  /** Undefined where it was not received. */
  receivedMs: number | undefined
  from: string
  to: string
  protocol: string
  bytes: number
  what: typeof carriages[number]
}

/** The way of one contribution through the network of one run. */
export interface Sequence {
  run: string
  /** The name of the contribution; empty where the run did not say. */
  name: string
  messages: CarryingMessage[]
}

const header = 'sent_ms,received_ms,from,to,protocol,bytes,what'
/** More than any figure tells apart; a file from elsewhere may have any number. */
const messagesMax = 200_000

const milliseconds = z.string().min(1).transform(Number).pipe(z.number().nonnegative())
const messageFields = z.tuple([
  milliseconds, z.union([z.literal('').transform(() => undefined), milliseconds]),
  z.string().min(1).transform(plain), z.string().min(1).transform(plain), z.string().transform(plain),
  z.coerce.number().int().nonnegative(), z.enum(carriages)
])
const summary = z.object({ followed: z.object({ name: z.string().transform(plain) }) })

/** The sequence of a run, none where none was written; what is wrong with it is added to `problems`. */
export async function readSequence (folder: string, run: string, problems: string[]): Promise<Sequence[]> {
  const file = join(folder, 'instances', run, 'sequence.csv')
  const place = plain(`instances/${run}/sequence.csv`)
  if (!await isFile(file)) return []
  const messages: CarryingMessage[] = []
  let broken = 0
  await forEachLine(file, (line, number) => {
    if (number === 1 ? line === header : line === '') return
    const parsed = messageFields.safeParse(line?.split(','))
    if (!parsed.success || messages.length >= messagesMax) {
      broken++
      return
    }
    const [sentMs, receivedMs, from, to, protocol, bytes, what] = parsed.data
    messages.push({ sentMs, receivedMs, from, to, protocol, bytes, what })
  })
  if (broken > 0) problems.push(`${place} has ${broken} lines that are no messages, or more than ${messagesMax}: they are left out.`)
  return [{ run: plain(run), name: await nameOf(join(folder, 'instances', run, 'simulation.json')), messages }]
}

/** What the simulation says that it followed. */
async function nameOf (file: string): Promise<string> {
  try {
    return await isFile(file) ? summary.parse(JSON.parse(await readFile(file, 'utf8'))).followed.name : ''
  } catch {
    // The figure is as good without the name.
    return ''
  }
}

async function isFile (path: string): Promise<boolean> {
  return (await lstat(path).catch((err: NodeJS.ErrnoException) => {
    if (err.code === 'ENOENT') return undefined
    throw err
  }))?.isFile() === true
}
