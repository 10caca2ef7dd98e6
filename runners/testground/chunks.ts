import { DaemonRefusalError } from './errors.ts'

/** A message of the daemon (testground, pkg/rpc/chunk.go): some of the first two kinds, then one of the others. */
export type Chunk =
  /** Bytes of its log. */
  | { readonly kind: 'progress', readonly bytes: Buffer }
  | { readonly kind: 'binary', readonly bytes: Buffer }
  | { readonly kind: 'result', readonly value: unknown }
  | { readonly kind: 'error', readonly message: string }

/** The daemon writes kinds as the code of a letter. */
const kinds = { 112: 'progress', 98: 'binary', 114: 'result', 101: 'error' } as const

/** More than any message has: a daemon writes archives and logs in pieces of some kilobytes. */
const charactersMax = 64 * 2 ** 20

/**
 * Reads the messages of a response, which stand one after another with nothing between them.
 *
 * @throws {DaemonRefusalError} for what is no such message
 */
export async function * readChunks (source: AsyncIterable<Buffer | string>): AsyncGenerator<Chunk> {
  const decoder = new TextDecoder()
  const splitter = createSplitter()

  for await (const data of source) {
    for (const text of splitter(typeof data === 'string' ? data : decoder.decode(data, { stream: true }))) {
      yield parseChunk(text)
    }
  }
}

/** Cuts a stream of JSON objects into the texts of the whole ones. */
function createSplitter (): (text: string) => string[] {
  let pending = ''
  let [at, depth, inString] = [0, 0, false]

  return (text) => {
    const whole: string[] = []
    pending += text

    while (at < pending.length) {
      if (inString) {
        // Most of a response is in strings, so these are jumped over.
        const end = endOfString(pending, at)
        inString = end === -1
        at = end === -1 ? pending.length : end + 1
        continue
      }

      const character = pending[at++]

      if (character === '"' && depth > 0) {
        inString = true
      } else if (character === '{' || character === '[') {
        depth++
      } else if ((character === '}' || character === ']') && --depth === 0) {
        whole.push(pending.slice(0, at))
        pending = pending.slice(at)
        at = 0
      } else if (depth <= 0 && !/\s/.test(character ?? '')) {
        throw notAMessage(pending)
      }
    }

    if (pending.length > charactersMax) {
      throw new DaemonRefusalError(`the daemon sent a message of more than ${charactersMax / 2 ** 20} MiB, which none of Testground's has`)
    }

    return whole
  }
}

/** The place of the quote that ends the string in which `from` lies; -1 where it is not there yet. */
function endOfString (text: string, from: number): number {
  for (let quote = text.indexOf('"', from); quote !== -1; quote = text.indexOf('"', quote + 1)) {
    if (backslashesBefore(text, quote) % 2 === 0) {
      return quote
    }
  }

  return -1
}

function backslashesBefore (text: string, end: number): number {
  let count = 0

  while (text[end - 1 - count] === '\\') {
    count++
  }

  return count
}

function parseChunk (text: string): Chunk {
  let message: { t?: unknown, p?: unknown, e?: { m?: unknown } | null }

  try {
    message = JSON.parse(text) as typeof message
  } catch {
    throw notAMessage(text)
  }

  const kind = kinds[message.t as keyof typeof kinds] as typeof kinds[keyof typeof kinds] | undefined

  switch (kind) {
    case 'progress':
    case 'binary':
      if (typeof message.p !== 'string') {
        throw notAMessage(text)
      }

      return { kind, bytes: Buffer.from(message.p, 'base64') }
    case 'result':
      return { kind, value: message.p }
    case 'error':
      return { kind, message: String(message.e?.m ?? 'an error without a message') }
    default:
      throw notAMessage(text)
  }
}

function notAMessage (text: string): DaemonRefusalError {
  return new DaemonRefusalError(`what answers does not speak the protocol of Testground v0.6.0; it said ${JSON.stringify(text.trim().slice(0, 80))}`)
}
