import type { ProfileFile } from './profile-schema.ts'

/** The file of a profile as people would write it: one line for a row of cells, for a figure and for a list of names. */
export function formatProfile (profile: ProfileFile): string {
  const isFlat = (value: unknown): boolean => typeof value !== 'object' || value === null
  const write = (value: unknown, indent: string): string => {
    if (isFlat(value)) {
      return JSON.stringify(value)
    }
    const inner = `${indent}  `
    if (Array.isArray(value)) {
      return value.every(isFlat)
        ? `[${value.map((item) => JSON.stringify(item)).join(', ')}]`
        : `[\n${value.map((item) => `${inner}${write(item, inner)}`).join(',\n')}\n${indent}]`
    }
    const entries = Object.entries(value as object).filter(([, item]) => item !== undefined)
    return 'kind' in (value as object) && entries.every(([, item]) => isFlat(item))
      ? `{ ${entries.map(([key, item]) => `${JSON.stringify(key)}: ${JSON.stringify(item)}`).join(', ')} }`
      : `{\n${entries.map(([key, item]) => `${inner}${JSON.stringify(key)}: ${write(item, inner)}`).join(',\n')}\n${indent}}`
  }
  return `${write(profile, '')}\n`
}
