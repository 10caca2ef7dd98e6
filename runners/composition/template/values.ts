/** What a template works with: TOML's values, texts of the environment, and `undefined` for what is not there. */
export type Value = string | number | boolean | Date | null | undefined | readonly Value[] | Table
export interface Table { readonly [key: string]: Value }

export function isTable (value: Value): value is Table {
  return typeof value === 'object' && value != null && !Array.isArray(value) && !(value instanceof Date)
}

/** The keys of a table in the order in which Go goes through them. */
export function keysOf (table: Table): string[] {
  return Object.keys(table).sort()
}

/** Whether Go takes a value for true: what is empty is not. */
export function isTrue (value: Value): boolean {
  return Array.isArray(value) ? value.length > 0 : isTable(value) ? keysOf(value).length > 0 : Boolean(value)
}

/** A value as Go prints it; what is not there is `<no value>`. */
export function print (value: Value): string {
  if (value == null) {
    return '<no value>'
  }

  if (Array.isArray(value)) {
    return `[${value.map(print).join(' ')}]`
  }

  return isTable(value) ? `map[${keysOf(value).map((key) => `${key}:${print(value[key])}`).join(' ')}]` : value instanceof Date ? value.toISOString() : String(value)
}

/** A table as TOML, in which what is simple comes before what is a table. */
export function encodeToml (table: Table, path: readonly string[] = []): string {
  const indent = '  '.repeat(Math.max(0, path.length))
  const keys = keysOf(table).filter((key) => table[key] != null)
  const [nested, simple] = [keys.filter((key) => isNested(table[key])), keys.filter((key) => !isNested(table[key]))]
  const lines = simple.map((key) => `${indent}${keyText(key)} = ${inline(table[key])}\n`)
  const tables = nested.flatMap((key) => {
    const below = [...path, key]
    const name = below.map(keyText).join('.')
    const value = table[key] as Table | readonly Table[]
    return isTable(value)
      ? [`${indent}[${name}]\n${encodeToml(value, below)}`]
      : (value as readonly Table[]).map((each) => `${indent}[[${name}]]\n${encodeToml(each, below)}`)
  })
  return lines.join('') + (lines.length > 0 && tables.length > 0 ? '\n' : '') + tables.join('\n')
}

function isNested (value: Value): boolean {
  return isTable(value) || (Array.isArray(value) && value.length > 0 && value.every((each) => isTable(each as Value)))
}

function inline (value: Value): string {
  if (Array.isArray(value)) {
    return `[${value.map(inline).join(', ')}]`
  }

  if (isTable(value)) {
    return `{${keysOf(value).map((key) => `${keyText(key)} = ${inline(value[key])}`).join(', ')}}`
  }

  return typeof value === 'string' ? JSON.stringify(value) : value instanceof Date ? value.toISOString() : String(value)
}

function keyText (key: string): string {
  return /^[\w-]+$/.test(key) ? key : JSON.stringify(key)
}
