import { isAscii } from 'node:buffer'
import { createReadStream } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'

/** Longest line that is read, in characters; a longer one is passed on as `undefined`. */
const longestLine = 1 << 20
const chunkBytes = 1 << 18

export type OnLine = (line: string | undefined, number: number, ended: boolean) => void

/**
 * Reads a text line by line and holds no more than a chunk and one line. `onLine` gets the line
 * (undefined when it is too long to be one), its number from 1 and whether a newline ended it: a
 * last line without one may have been cut short.
 *
 * @param source - the path of a file, or its bytes as they come
 */
export async function forEachLine (source: string | AsyncIterable<Buffer>, onLine: OnLine): Promise<void> {
  const decoder = new StringDecoder('utf8')
  const chunks = typeof source === 'string' ? createReadStream(source, { highWaterMark: chunkBytes }) as AsyncIterable<Buffer> : source
  // As long as nothing else comes, bytes are characters, which takes a third of the time.
  let isPlain = true
  let rest = ''
  let tooLong = false
  let number = 0
  const emit = (line: string, ended: boolean): void => {
    number++
    onLine(tooLong || line.length > longestLine ? undefined : line, number, ended)
    tooLong = false
  }
  for await (const chunk of chunks) {
    isPlain &&= isAscii(chunk)
    const text = isPlain ? chunk.toString('latin1') : decoder.write(chunk)
    let start = 0
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      emit(rest + text.slice(start, end), true)
      rest = ''
      start = end + 1
    }
    rest += text.slice(start)
    if (rest.length > longestLine) {
      tooLong = true
      rest = ''
    }
  }
  rest += decoder.end()
  if (rest !== '' || tooLong) emit(rest, false)
}
