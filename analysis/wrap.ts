/** Breaks a sentence into lines of at most `columns` characters; a longer word is cut. */
export function wrap (sentence: string, columns: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of sentence.split(' ').flatMap((word) => word.match(new RegExp(`.{1,${columns}}`, 'gu')) ?? [])) {
    if (line !== '' && line.length + 1 + word.length > columns) {
      lines.push(line)
      line = word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  return line === '' ? lines : [...lines, line]
}
