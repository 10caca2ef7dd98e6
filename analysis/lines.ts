import { createReadStream } from 'node:fs'

/** Longest line that is read, in characters; a longer one is passed on as `undefined`. */
const longestLine = 1 << 20

export type OnLine = (line: string | undefined, number: number, ended: boolean) => void

/**
 * Reads a text file line by line and holds no more than a chunk and one line. `onLine` gets the line
 * (undefined when it is too long to be one), its number from 1 and whether a newline ended it: a
 * last line without one may have been cut short.
 */
export async function forEachLine (path: string, onLine: OnLine): Promise<void> {
  let rest = ''
  let tooLong = false
  let number = 0
  const emit = (line: string, ended: boolean): void => {
    number++
    onLine(tooLong || line.length > longestLine ? undefined : line, number, ended)
    tooLong = false
  }
  for await (const chunk of createReadStream(path, { encoding: 'utf8', highWaterMark: 1 << 18 })) {
    const text = chunk as string
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
  if (rest !== '' || tooLong) emit(rest, false)
}
