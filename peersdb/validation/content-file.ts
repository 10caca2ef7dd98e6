/** A JSON file that describes one run of the scout data set. */
export interface ReportFile {
  kind: 'report'
  name: string
  value: unknown
}

/** A table of a known format: system metrics over time (`sar`), or runs of the C3O data set (`c3o`), one a row. */
export interface TableFile {
  kind: 'sar' | 'c3o'
  name: string
  columns: string[]
  rows: string[][]
}

/** A file of a known format that cannot be read as such; the problem completes "the file ...". */
export interface BrokenFile {
  kind: 'broken'
  name: string
  problem: string
}

/** A file of a format that has no checks. */
export interface UnknownFile {
  kind: 'unknown'
  name: string
}

export type ContentFile = ReportFile | TableFile | BrokenFile | UnknownFile

const maxJsonDepth = 16
const maxReportBytes = 64 * 1024
const maxColumns = { sar: 128, c3o: 32 }
const maxColumnName = 64
const maxRunRows = 10_000

/** Reads one file: what is in it tells what it is, or else its name. */
export function readFile (path: string, bytes: Uint8Array): ContentFile {
  const name = path.slice(path.lastIndexOf('/') + 1).slice(0, 128)
  const expected = kindByName(name)
  const text = decode(bytes)

  if (text == null) {
    return expected == null ? { kind: 'unknown', name } : { kind: 'broken', name, problem: 'is not UTF-8 text' }
  }

  const kind = expected ?? kindByHeader(text)

  switch (kind) {
    case 'report': return readReport(name, text)
    case 'sar': return readTable(name, text, 'sar', ',')
    case 'c3o': return readTable(name, text, 'c3o', '\t')
    default: return { kind: 'unknown', name }
  }
}

function kindByName (name: string): 'report' | 'sar' | undefined {
  if (name === 'report.json') {
    return 'report'
  }

  return /^sar(_node\d+)?\.csv$/.test(name) ? 'sar' : undefined
}

function kindByHeader (text: string): 'report' | 'sar' | 'c3o' | undefined {
  const header = text.slice(0, 8 * 1024).split('\n', 1)[0] ?? ''

  if (header.startsWith('timestamp,cpu.')) {
    return 'sar'
  }

  const columns = header.trimEnd().split('\t')

  if (columns.includes('instance_count') && columns.includes('gross_runtime')) {
    return 'c3o'
  }

  return /^\s*\{/.test(text) && /"workload"/.test(text) && /"completed"/.test(text) ? 'report' : undefined
}

function decode (bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    // The caller says what it means that this is no text.
    return undefined
  }
}

function readReport (name: string, text: string): ContentFile {
  if (text.length > maxReportBytes) {
    return { kind: 'broken', name, problem: `has more than ${maxReportBytes} characters` }
  }

  if (jsonDepth(text) > maxJsonDepth) {
    return { kind: 'broken', name, problem: `is nested more than ${maxJsonDepth} levels deep` }
  }

  try {
    return { kind: 'report', name, value: JSON.parse(text, refusePrototype) as unknown }
  } catch (err) {
    return { kind: 'broken', name, problem: err instanceof PrototypeKeyError ? err.message : 'is not JSON' }
  }
}

class PrototypeKeyError extends Error {
  override name = 'PrototypeKeyError'
}

/** No honest record has such a key, and copying one by assignment would change the prototype of the copy. */
function refusePrototype (key: string, value: unknown): unknown {
  if (key === '__proto__') {
    throw new PrototypeKeyError('has the key __proto__')
  }

  return value
}

/** How deep brackets are nested, in one pass and without recursion, so that it is known before a parser starts. */
function jsonDepth (text: string): number {
  let depth = 0
  let deepest = 0
  let inString = false

  for (let i = 0; i < text.length; i++) {
    const character = text[i]

    if (inString) {
      i += character === '\\' ? 1 : 0
      inString = character !== '"'
    } else if (character === '"') {
      inString = true
    } else if (character === '{' || character === '[') {
      deepest = Math.max(deepest, ++depth)
    } else if (character === '}' || character === ']') {
      depth--
    }
  }

  return deepest
}

function readTable (name: string, text: string, kind: 'sar' | 'c3o', separator: string): ContentFile {
  const [header = '', ...lines] = text.replace(/\r?\n$/, '').split(/\r?\n/)
  const columns = header.split(separator)

  if (columns.length > maxColumns[kind] || columns.some((column) => column.length > maxColumnName)) {
    return { kind: 'broken', name, problem: `has more than ${maxColumns[kind]} columns, or one with a name of more than ${maxColumnName} characters` }
  }

  if (kind === 'c3o' && lines.length > maxRunRows) {
    return { kind: 'broken', name, problem: `has more than ${maxRunRows} runs; contribute them in several files` }
  }

  const uneven = lines.findIndex((line) => line.split(separator, columns.length + 1).length !== columns.length)

  if (uneven !== -1) {
    return { kind: 'broken', name, problem: `has another number of columns in line ${uneven + 2} than in its header` }
  }

  return { kind, name, columns, rows: lines.map((line) => line.split(separator)) }
}
