import { ParseError, parseTOML } from 'toml-eslint-parser'
import { CompositionError } from './errors.ts'
import type { AST } from 'toml-eslint-parser'

export type TomlValue = string | number | boolean | Date | TomlValue[] | TomlTable
export interface TomlTable { [key: string]: TomlValue }
export type TomlPath = readonly (string | number)[]

/** What stands at a path: its line (from 1), its TOML kind, and for a scalar its text without quotes. */
export interface TomlEntry { line: number, kind: string, text: string }

/** A TOML file in which every value knows its line. */
export interface TomlDocument {
  /** The file as the user named it. */
  shown: string
  value: TomlTable
  /** The entry at a path; undefined where nothing stands. */
  entry (path: TomlPath): TomlEntry | undefined
  /** `file:line` of a path, or of the closest table around it. */
  place (path: TomlPath): string
}

/**
 * Parses TOML 1.0, the version that Testground's own parser reads.
 *
 * @param lineOf - the line of the file for a line of the text, where the text was made of the file
 * @throws CompositionError with file and line when it is not valid
 */
export function parseToml (text: string, shown: string, lineOf: (line: number) => number = (line) => line): TomlDocument {
  const program = parse(text, shown, lineOf)
  const value = newTable()
  const entries = new Map<string, TomlEntry>([['[]', { line: 1, kind: 'table', text: '' }]])
  const walk: Walk = {
    shown,
    root: value,
    note: (path, entry, isExplicit) => {
      const key = JSON.stringify(path)
      if (isExplicit || !entries.has(key)) entries.set(key, entry)
    }
  }
  for (const node of program.body[0].body) {
    if (node.type === 'TOMLTable') readTable(node, walk)
    else readKeyValue(node, [], walk)
  }
  const entry = (path: TomlPath): TomlEntry | undefined => entries.get(JSON.stringify(path))
  return { shown, value, entry, place: (path) => `${shown}:${lineOf(closestLine(path, entry))}` }
}

/** The value at a path, or undefined. */
export function valueAt (value: TomlValue, path: TomlPath): TomlValue | undefined {
  let current: TomlValue | undefined = value
  for (const step of path) {
    if (typeof current !== 'object' || current instanceof Date) return undefined
    current = (current as Record<string | number, TomlValue>)[step]
  }
  return current
}

/** A table as TOML writes its header: `[global.run]`, or `[[groups]]` for one of several. */
export function tableName (path: TomlPath): string {
  if (path.length === 0) return 'the top level'
  const name = path.filter((step) => typeof step === 'string').map(keyText).join('.')
  return typeof path.at(-1) === 'number' ? `[[${name}]]` : `[${name}]`
}

/** A key as TOML writes it: quoted unless it is bare. */
export function keyText (key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : JSON.stringify(key)
}

interface Walk {
  shown: string
  root: TomlTable
  note (path: TomlPath, entry: TomlEntry, isExplicit: boolean): void
}

function parse (text: string, shown: string, lineOf: (line: number) => number): AST.TOMLProgram {
  try {
    return parseTOML(text, { tomlVersion: '1.0' })
  } catch (error) {
    if (!(error instanceof ParseError)) throw error
    throw new CompositionError(notToml(text, shown, error, lineOf), { cause: error })
  }
}

function notToml (text: string, shown: string, error: ParseError, lineOf: (line: number) => number): string {
  const lines = text.split('\n')
  let line = Math.min(error.lineNumber, lines.length)
  // What is not closed is noticed after its end: the line to look at is the last one with text.
  while (line > 1 && lines[line - 1]!.trim() === '') line--
  const problem = error.message.charAt(0).toLowerCase() + error.message.slice(1)
  const cure = error.message.includes('multiple times')
    ? 'keep one of the two'
    : 'correct the line (a table is [name], a value is key = "text" or key = 5)'
  const found = lines[line - 1]!.trim()
  const excerpt = found.length > 60 ? `${found.slice(0, 57)}...` : found
  return `${shown}:${lineOf(line)}: is not valid TOML at "${excerpt}" (${problem}); ${cure}`
}

function readTable (node: AST.TOMLTable, walk: Walk): void {
  const path = node.resolvedKey
  refuseReserved(path, node, walk)
  noteTables(path, node, walk)
  walk.note(path, tableEntry(node), true)
  tableAt(walk.root, path)
  for (const pair of node.body) readKeyValue(pair, path, walk)
}

function readKeyValue (node: AST.TOMLKeyValue, table: TomlPath, walk: Walk): void {
  const path = [...table, ...node.key.keys.map((key) => key.type === 'TOMLBare' ? key.name : key.value)]
  refuseReserved(path, node, walk)
  noteTables(path, node, walk)
  const parent = tableAt(walk.root, path.slice(0, -1)) as TomlTable
  parent[path.at(-1) as string] = readValue(node.value, path, node.key, walk)
}

function readValue (node: AST.TOMLContentNode, path: TomlPath, at: AST.HasLocs, walk: Walk): TomlValue {
  const line = at.loc.start.line
  if (node.type === 'TOMLInlineTable') {
    walk.note(path, { line, kind: 'table', text: '' }, true)
    const table = tableAt(walk.root, path) as TomlTable
    for (const pair of node.body) readKeyValue(pair, path, walk)
    return table
  }
  if (node.type === 'TOMLArray') {
    walk.note(path, { line, kind: 'array', text: '' }, true)
    const array = tableAt(walk.root, path, true) as TomlValue[]
    node.elements.forEach((element, index) => { array[index] = readValue(element, [...path, index], element, walk) })
    return array
  }
  const text = node.kind === 'integer' ? String(node.bigint) : 'datetime' in node ? node.datetime : String(node.value)
  walk.note(path, { line, kind: node.kind, text }, true)
  return node.value
}

/** Dotted keys and headers make the tables above them: such a table stands where it is first named. */
function noteTables (path: TomlPath, node: AST.HasLocs, walk: Walk): void {
  for (let length = 1; length < path.length; length++) walk.note(path.slice(0, length), tableEntry(node), false)
}

function tableEntry (node: AST.HasLocs): TomlEntry {
  return { line: node.loc.start.line, kind: 'table', text: '' }
}

/** The table or array at a path, made with everything above it if it is not there yet. */
function tableAt (root: TomlTable, path: TomlPath, isArray = false): TomlTable | TomlValue[] {
  let current = root as Record<string | number, TomlValue>
  path.forEach((step, index) => {
    const next = index + 1 < path.length ? typeof path[index + 1] === 'number' : isArray
    current[step] ??= next ? [] : newTable()
    current = current[step] as Record<string | number, TomlValue>
  })
  return current
}

/** Tables have no prototype, so that no key a file may hold finds something inherited. */
function newTable (): TomlTable {
  return Object.create(null) as TomlTable
}

function refuseReserved (path: TomlPath, node: AST.HasLocs, walk: Walk): void {
  if (path.includes('__proto__')) {
    throw new CompositionError(`${walk.shown}:${node.loc.start.line}: unknown key "__proto__"; delete it`)
  }
}

function closestLine (path: TomlPath, entry: (path: TomlPath) => TomlEntry | undefined): number {
  for (let length = path.length; length > 0; length--) {
    const found = entry(path.slice(0, length))
    if (found !== undefined) return found.line
  }
  return 1
}
