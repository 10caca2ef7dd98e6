import * as z from 'zod'
import { CompositionError } from './errors.ts'
import { suggest } from './suggest.ts'
import { keyText, tableName, valueAt } from './toml.ts'
import type { TomlDocument, TomlEntry, TomlPath, TomlValue } from './toml.ts'

/**
 * Holds a document against a schema.
 *
 * @throws CompositionError about the first thing that is wrong: an unknown key or a wrong value
 * before a missing key, because a misspelt key makes both, and then by line
 */
export function check<T> (document: TomlDocument, schema: z.ZodType<T>): T {
  const result = schema.safeParse(document.value)
  if (result.success) return result.data
  const findings = result.error.issues.flatMap((issue) => explain(document, schema, issue))
  findings.sort((a, b) => Number(a.isMissing) - Number(b.isMissing) || a.line - b.line)
  throw new CompositionError(findings[0]!.sentence)
}

interface Finding { isMissing: boolean, line: number, sentence: string }

function explain (document: TomlDocument, schema: z.ZodType, issue: z.core.$ZodIssue): Finding[] {
  const path = issue.path.filter((step) => typeof step !== 'symbol')
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => finding(document, [...path, key], unknownKey(schema, path, key)))
  }
  const entry = document.entry(path)
  const value = valueAt(document.value, path)
  if (entry === undefined || value === undefined) {
    return [{ ...finding(document, path.slice(0, -1), missingKey(schema, path)), isMissing: true }]
  }
  const expected = schemaAt(schema, path)
  const isInt = expected instanceof z.ZodNumber && expected.isInt
  const problem = issue.code === 'invalid_type' ? wrongType(path, isInt ? 'int' : issue.expected, entry, value) : issue.message
  return [finding(document, path, `${named(path)} ${problem}`)]
}

function finding (document: TomlDocument, path: TomlPath, problem: string): Finding {
  const place = document.place(path)
  return { isMissing: false, line: Number(place.slice(place.lastIndexOf(':') + 1)), sentence: `${place}: ${problem}` }
}

function unknownKey (schema: z.ZodType, path: TomlPath, key: string): string {
  const table = schemaAt(schema, path)
  const start = `unknown key "${key}" ${path.length === 0 ? 'at the top level' : `in ${tableName(path)}`}; `
  // Many an unknown key is a known one in the wrong table, such as test_params right in [[groups]].
  const inside = tableWith(table, key)
  if (inside !== undefined) return `${start}write it in ${tableName([...path, ...inside])}`
  const known = Object.keys(table instanceof z.ZodObject ? table.shape : {})
  return start + suggest(key, known, 'key')
}

function missingKey (schema: z.ZodType, path: TomlPath): string {
  const key = String(path.at(-1))
  const expected = schemaAt(schema, path)
  if (expected instanceof z.ZodObject) return `${tableName(path)} is missing; add it with ${required(expected)}`
  if (expected instanceof z.ZodArray) {
    return `${tableName([...path, 0])} is missing; add at least one, with ${required(schemaAt(expected, [0]))}`
  }
  const example = expected instanceof z.ZodNumber ? '2' : '"..."'
  return `${tableName(path.slice(0, -1))} lacks "${key}"; add ${keyText(key)} = ${example}`
}

/** The keys that a table must have. */
function required (table: z.ZodType): string {
  const parts = table instanceof z.ZodObject ? Object.entries(table.shape) : []
  return parts.filter(([, part]) => !(part instanceof z.ZodOptional)).map(([key]) => key).join(' and ')
}

function wrongType (path: TomlPath, expected: string, entry: TomlEntry, value: TomlValue): string {
  const is = `but it is ${describe(entry)}`
  const last = path.at(-1)
  const key = typeof last === 'number' ? 'it as ' : `${keyText(String(last))} = `
  switch (expected) {
    case 'string':
      return `must be a string, ${is}; write ${key}${JSON.stringify(asText(entry, value))}`
    case 'number':
    case 'int': {
      const kind = expected === 'int' ? 'a whole number' : 'a number'
      const fits = typeof value === 'string' && value.trim() !== '' && (expected === 'int' ? /^\d+$/.test(value) : Number.isFinite(Number(value)))
      return `must be ${kind}, ${is}; ${fits ? `write ${key}${value}` : `write ${kind} without quotes`}`
    }
    case 'boolean':
      return `must be true or false, ${is}; write ${key}${value === 'true' || value === 1 ? 'true' : 'false'}`
    case 'array':
      return entry.kind === 'table'
        ? `must be a list of tables, ${is}; write ${tableName([...path, 0])} with two brackets`
        : `must be a list, ${is}; write ${key}[...]`
    default:
      return `must be a table, ${is}; write ${tableName(path)} and its keys below`
  }
}

/** `"count" in [groups.instances]`, or the table itself where the path ends in one. */
function named (path: TomlPath): string {
  const last = path.at(-1)
  if (typeof last === 'number') return `item ${last + 1} of ${named(path.slice(0, -1))}`
  return path.length === 1 ? `"${last}"` : `"${last}" in ${tableName(path.slice(0, -1))}`
}

function describe (entry: TomlEntry): string {
  if (entry.kind === 'table') return 'a table'
  if (entry.kind === 'array') return 'an array'
  const text = entry.kind === 'string' ? JSON.stringify(entry.text) : entry.text
  return `the ${entry.kind.replaceAll('-', ' ')} ${text}`
}

function asText (entry: TomlEntry, value: TomlValue): string {
  if (Array.isArray(value)) return value.every((item) => typeof item !== 'object') ? value.join(',') : '...'
  return entry.kind === 'table' ? '...' : entry.text
}

/** The part of a schema that describes what stands at a path, without its "optional". */
function schemaAt (schema: z.ZodType, path: TomlPath): z.ZodType {
  let current = bare(schema)
  for (const step of path) {
    if (current instanceof z.ZodObject) current = bare(current.shape[step] as z.ZodType)
    else if (current instanceof z.ZodArray) current = bare(current.element as z.ZodType)
    else if (current instanceof z.ZodRecord) current = bare(current.valueType as z.ZodType)
  }
  return current
}

function bare (schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodOptional ? bare(schema.unwrap() as z.ZodType) : schema
}

/** Where below a table a key is known: the names of the tables between, without lists of tables. */
function tableWith (schema: z.ZodType, key: string): string[] | undefined {
  if (!(schema instanceof z.ZodObject)) return undefined
  for (const [name, part] of Object.entries(schema.shape)) {
    const inner = bare(part as z.ZodType)
    if (!(inner instanceof z.ZodObject)) continue
    if (Object.hasOwn(inner.shape, key)) return [name]
    const deeper = tableWith(inner, key)
    if (deeper !== undefined) return [name, ...deeper]
  }
  return undefined
}
