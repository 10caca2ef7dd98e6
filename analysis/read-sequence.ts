import * as z from 'zod'
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

/**
 * The sequence of a run, none where none was written; what is wrong with it is added to `problems`.
 *
 * @param textOf - the text of a file of this run, undefined where there is none
 */
export async function readSequence (
  textOf: (name: string) => Promise<string | undefined>, run: string, problems: string[]
): Promise<Sequence[]> {
  const text = await textOf('sequence.csv')
  if (text === undefined) return []
  const messages: CarryingMessage[] = []
  let broken = 0
  for (const [index, line] of text.split('\n').entries()) {
    if (index === 0 ? line === header : line === '') continue
    const parsed = messageFields.safeParse(line.split(','))
    if (!parsed.success || messages.length >= messagesMax) {
      broken++
      continue
    }
    const [sentMs, receivedMs, from, to, protocol, bytes, what] = parsed.data
    messages.push({ sentMs, receivedMs, from, to, protocol, bytes, what })
  }
  if (broken > 0) problems.push(`${plain(`instances/${run}/sequence.csv`)} has ${broken} lines that are no messages, or more than ${messagesMax}: they are left out.`)
  return [{ run: plain(run), name: nameOf(await textOf('simulation.json')), messages }]
}

/** What the simulation says that it followed. */
function nameOf (text: string | undefined): string {
  try {
    return text === undefined ? '' : summary.parse(JSON.parse(text)).followed.name
  } catch {
    // The figure is as good without the name.
    return ''
  }
}
