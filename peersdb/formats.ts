import { printable } from './printable.ts'
import type { Contribution } from './contribution.ts'

export type ExportFormat = 'csv' | 'ndjson' | 'table'

/** The columns of every export, before the attributes. Their order is part of the format. */
const columns = ['cid', 'name', 'size', 'mediaType', 'contributor', 'createdAt'] as const

/** A cell that a spreadsheet would run as a formula, and that is no number. */
const formula = /^(?:[=+@\t\r]|-)(?!\d*\.?\d+(?:e[+-]?\d+)?$)/i

/** The names of the attributes that occur, sorted, as columns for {@link toCsv}. */
export async function attributeNames (contributions: AsyncIterable<Contribution> | Iterable<Contribution>): Promise<string[]> {
  const names = new Set<string>()

  for await (const { attributes } of contributions) {
    Object.keys(attributes).forEach((name) => names.add(name))
  }

  return [...names].sort()
}

/**
 * CSV by RFC 4180 with a header: what every contribution has, then one column for each attribute.
 *
 * A cell that a spreadsheet would take for a formula gets an apostrophe before it, because texts of contributions come from
 * strangers (OWASP, "CSV Injection"). Whoever needs every text exactly as it was given takes {@link toNdjson}.
 */
export async function * toCsv (contributions: AsyncIterable<Contribution>, attributes: readonly string[]): AsyncGenerator<string> {
  yield row([...columns, ...attributes.map((name) => `attributes.${name}`)])

  for await (const contribution of contributions) {
    yield row([
      ...columns.map((column) => String(contribution[column])),
      ...attributes.map((name) => Object.hasOwn(contribution.attributes, name) ? contribution.attributes[name] ?? '' : '')
    ])
  }
}

/** One JSON object on each line. */
export async function * toNdjson (contributions: AsyncIterable<Contribution>): AsyncGenerator<string> {
  for await (const contribution of contributions) {
    yield `${JSON.stringify(contribution)}\n`
  }
}

/** A table for people. */
export async function * toTable (contributions: AsyncIterable<Contribution>): AsyncGenerator<string> {
  yield `${'created'.padEnd(20)} ${'bytes'.padStart(10)}  ${'name'.padEnd(48)} attributes\n`

  for await (const { createdAt, size, name, attributes } of contributions) {
    const about = Object.entries(attributes).map(([key, value]) => `${key}=${value}`).join(' ')
    yield `${createdAt.slice(0, 19)}Z ${String(size).padStart(10)}  ${printable(name, 48).padEnd(48)} ${printable(about)}\n`
  }
}

function row (cells: readonly string[]): string {
  return `${cells.map(cell).join(',')}\r\n`
}

function cell (text: string): string {
  const safe = formula.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
