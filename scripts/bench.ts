/**
 * Measures what the project promises, beside its limit and, where there is one, beside the alternative that was
 * measured in the same run. Exits with 1 when a limit is not kept. `npm run bench [word]` runs those whose
 * file name holds the word.
 */
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

export interface BenchRow {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** How many samples the value was taken from. */
  readonly samples: number
  /** The value must not be above this. */
  readonly limit?: number
  /** The same, measured on another way of doing it. */
  readonly alternative?: { readonly name: string, readonly value: number }
}

async function main (words: readonly string[]): Promise<number> {
  const root = join(import.meta.dirname, '..')
  const files = globSync('{network,peersdb,plans,runners,analysis}/**/*.bench.ts', { cwd: root })
    .filter((file) => words.every((word) => file.includes(word)))
    .sort()
  let broken = 0

  for (const file of files) {
    process.stdout.write(`${file}\n`)
    const { bench } = await import(pathToFileURL(join(root, file)).href) as { bench: () => Promise<BenchRow[]> }

    for (const row of await bench()) {
      const kept = row.limit == null || row.value <= row.limit
      broken += kept ? 0 : 1
      process.stdout.write(`  ${describe(row)}${kept ? '' : '   LIMIT NOT KEPT'}\n`)
    }
  }

  process.stdout.write(broken === 0 ? 'all limits are kept\n' : `${broken} limits are not kept\n`)
  return broken === 0 ? 0 : 1
}

function describe ({ name, value, unit, samples, limit, alternative }: BenchRow): string {
  const number = (figure: number): string => figure.toLocaleString('en', { maximumSignificantDigits: 4 })
  return [
    `${name.padEnd(52)} ${number(value).padStart(12)} ${unit}`,
    `n=${samples}`,
    ...(limit == null ? [] : [`limit ${number(limit)}`]),
    ...(alternative == null ? [] : [`${alternative.name}: ${number(alternative.value)} ${unit}`])
  ].join('   ')
}

if (process.argv[1] === import.meta.filename) {
  process.exitCode = await main(process.argv.slice(2))
}
