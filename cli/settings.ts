import { UsageError } from './usage-error.ts'

/** What a timer of Node.js can carry, in whole days. */
const timeoutSecondsMax = 24 * 24 * 60 * 60

/** Reads `--set name=value ...` and `--seed`. @throws {UsageError} */
export function parseSettings (settings: readonly string[], seed?: string): Record<string, string> {
  return Object.fromEntries([...settings, ...(seed == null ? [] : [`seed=${seed}`])].map((setting) => {
    const at = setting.indexOf('=')

    if (at < 1) {
      throw new UsageError(`--set ${setting}: write --set <parameter>=<value>`)
    }

    return [setting.slice(0, at), setting.slice(at + 1)]
  }))
}

/** @throws {UsageError} where it is no time that a timer can carry */
export function checkTimeout (seconds: number): number {
  if (!(seconds > 0 && seconds <= timeoutSecondsMax)) {
    throw new UsageError(`--timeout must be a number of seconds above 0 and at most ${timeoutSecondsMax}`)
  }

  return seconds * 1000
}

/** @throws {UsageError} for an option that may be given once and is there more often */
export function checkGivenOnce (args: object, names: readonly string[]): void {
  for (const [name, value] of Object.entries(args)) {
    if (names.includes(name) && Array.isArray(value)) {
      throw new UsageError(`--${name} is given more than once; keep one of them`)
    }
  }
}

/** The text of a seed, which is a whole number. @throws {UsageError} */
export function readSeed (text: string): string {
  if (!/^\d{1,15}$/.test(text)) {
    throw new UsageError(`--seed ${text} must be a whole number from 0`)
  }

  return text
}
