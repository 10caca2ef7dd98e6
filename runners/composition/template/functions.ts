import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseToml } from '../toml.ts'
import { encodeToml, isTable, isTrue, print } from './values.ts'
import type { Table, Value } from './values.ts'

/** What a function complains of; who evaluates the template adds the place. */
export class TemplateProblem extends Error {
  override name = 'TemplateProblem'
}

export interface TemplateFunction {
  readonly argumentsMin: number
  readonly argumentsMax: number
  readonly call: (args: readonly Value[]) => Value
}

export interface FunctionsInit {
  /** What paths of `load_resource` count from. */
  readonly directory: string
  readonly env: Table
}

const any = Infinity

/**
 * The functions of a composition's template: those of Testground (testground, pkg/cmd/template.go) and those of Go's text/template
 * that make no sense of HTML or of values that can be called.
 */
export function templateFunctions ({ directory, env }: FunctionsInit): Readonly<Record<string, TemplateFunction>> {
  return {
    pick: define(2, 2, ([table, key]) => ({ [text(key, 'a key')]: tableOf(table)[text(key, 'a key')] })),
    toml: define(1, 1, ([table]) => encodeToml(tableOf(table))),
    withEnv: define(1, 1, ([table]) => ({ ...tableOf(table), Env: env })),
    split: define(1, 1, ([list]) => text(list, 'a list').split(',')),
    atoi: define(1, 1, ([number]) => integer(text(number, 'a number'))),
    load_resource: define(1, 1, ([path]) => loadResource(directory, text(path, 'a path'))),
    and: define(1, any, (args) => args.every(isTrue) ? args.at(-1) : args.find((value) => !isTrue(value))),
    or: define(1, any, (args) => args.find(isTrue) ?? args.at(-1)),
    not: define(1, 1, ([value]) => !isTrue(value)),
    eq: define(2, any, ([first, ...others]) => others.some((other) => compare(first, other) === 0)),
    ne: define(2, 2, ([a, b]) => compare(a, b) !== 0),
    lt: define(2, 2, ([a, b]) => order(a, b) < 0),
    le: define(2, 2, ([a, b]) => order(a, b) <= 0),
    gt: define(2, 2, ([a, b]) => order(a, b) > 0),
    ge: define(2, 2, ([a, b]) => order(a, b) >= 0),
    index: define(1, any, ([value, ...keys]) => keys.reduce(indexOf, value)),
    slice: define(1, 3, ([value, from, to]) => sliceOf(value, from, to)),
    len: define(1, 1, ([value]) => lengthOf(value)),
    print: define(0, any, joined),
    println: define(0, any, (args) => `${args.map(print).join(' ')}\n`),
    printf: define(1, any, ([format, ...args]) => printf(text(format, 'a format'), args))
  }
}

/** Spaces stand between two of which neither is a text. */
function joined (args: readonly Value[]): string {
  return args.map((value, i) => `${i > 0 && typeof value !== 'string' && typeof args[i - 1] !== 'string' ? ' ' : ''}${print(value)}`).join('')
}

function define (argumentsMin: number, argumentsMax: number, call: TemplateFunction['call']): TemplateFunction {
  return { argumentsMin, argumentsMax, call }
}

function text (value: Value, what: string): string {
  if (typeof value !== 'string') {
    throw new TemplateProblem(`${value == null ? 'what is not there' : print(value)} is given where ${what} as a text is needed`)
  }

  return value
}

function tableOf (value: Value): Table {
  if (!isTable(value)) {
    throw new TemplateProblem(`${print(value)} is given where a table is needed`)
  }

  return value
}

function integer (digits: string): number {
  if (!/^[+-]?\d+$/.test(digits) || !Number.isSafeInteger(Number(digits))) {
    throw new TemplateProblem(`"${digits}" is no whole number`)
  }

  return Number(digits)
}

function loadResource (directory: string, path: string): Table {
  const file = join(directory, path)
  let content: string

  try {
    content = readFileSync(file, 'utf8')
  } catch (err) {
    throw new TemplateProblem(`the resource ${path} cannot be read (${(err as NodeJS.ErrnoException).code ?? (err as Error).message})`)
  }

  return parseToml(content, path).value as Table
}

function compare (a: Value, b: Value): number {
  if (a == null || b == null) {
    return a == null && b == null ? 0 : 1
  }

  return typeof a === typeof b && typeof a !== 'object' ? Number(a > b) - Number(a < b) : incomparable(a, b)
}

function order (a: Value, b: Value): number {
  return a == null || b == null || typeof a === 'boolean' ? incomparable(a, b) : compare(a, b)
}

function incomparable (a: Value, b: Value): never {
  throw new TemplateProblem(`${print(a)} and ${print(b)} cannot be compared`)
}

function indexOf (value: Value, key: Value): Value {
  if (isTable(value)) {
    return Object.hasOwn(value, text(key, 'a key')) ? value[text(key, 'a key')] : undefined
  }

  if (!Array.isArray(value) || typeof key !== 'number') {
    throw new TemplateProblem(`${print(value)} has nothing at ${print(key)}`)
  }

  if (!Number.isInteger(key) || key < 0 || key >= value.length) {
    throw new TemplateProblem(`there is nothing at ${key} in a list of ${value.length}`)
  }

  return value[key] as Value
}

function sliceOf (value: Value, from: Value = 0, to?: Value): Value {
  const length = lengthOf(value)
  const end = to ?? length

  if (isTable(value) || typeof from !== 'number' || typeof end !== 'number' || from < 0 || end > length || from > end) {
    throw new TemplateProblem(`${print(value)} has no part from ${print(from)} to ${print(end)}`)
  }

  return (value as string | readonly Value[]).slice(from, end)
}

function lengthOf (value: Value): number {
  if (typeof value === 'string') {
    return Buffer.byteLength(value)
  }

  if (Array.isArray(value)) {
    return value.length
  }

  return Object.keys(tableOf(value)).length
}

/** The verbs that compositions need: %s %v %d %q %t %%, and %f and %g with a precision; each with a width. */
function printf (format: string, args: readonly Value[]): string {
  let next = 0
  return format.replace(/%(-?\d*)(?:\.(\d+))?([a-zA-Z%])/g, (whole, width: string, precision: string | undefined, verb: string) => {
    if (verb === '%') {
      return '%'
    }

    if (next >= args.length) {
      throw new TemplateProblem(`printf lacks a value for ${whole}`)
    }

    const printed = verbatim(whole, verb, precision, args[next++])
    const size = Math.abs(Number(width))
    return width.startsWith('-') ? printed.padEnd(size) : printed.padStart(size, width.startsWith('0') && verb === 'd' ? '0' : ' ')
  })
}

function verbatim (whole: string, verb: string, precision: string | undefined, value: Value): string {
  switch (verb) {
    case 's':
    case 'v':
    case 't':
      return print(value)
    case 'q':
      return JSON.stringify(print(value))
    case 'd':
      return String(Number.isInteger(value) ? value : text(undefined, 'a whole number'))
    case 'f':
      return typeof value === 'number' ? value.toFixed(Number(precision ?? 6)) : text(undefined, 'a number')
    case 'g':
      return typeof value === 'number' ? String(value) : text(undefined, 'a number')
    default:
      throw new TemplateProblem(`printf does not know ${whole} here; use %s, %v, %d, %q, %t, %f or %g`)
  }
}
