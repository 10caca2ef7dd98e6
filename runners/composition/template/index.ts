import { parseToml } from '../toml.ts'
import { evaluate } from './evaluate.ts'
import { templateFunctions } from './functions.ts'
import { parseTemplate } from './parse.ts'
import type { TomlDocument } from '../toml.ts'
import type { Table } from './values.ts'

export interface TemplateInit {
  /** The file as the user named it. */
  readonly shown: string
  /** The directory of the file. */
  readonly directory: string
  readonly env: NodeJS.ProcessEnv
}

/**
 * Reads a composition with templates, which Testground carries out before it reads TOML: Go's text/template with `.Env` and the
 * functions pick, toml, withEnv, split, atoi and load_resource. Lines in messages are those of the file.
 *
 * @throws CompositionError with file and line
 */
export function expandTemplate (text: string, init: TemplateInit): TomlDocument {
  const { expanded, lines } = runTemplate(text, init)
  return parseToml(expanded, init.shown, (line) => lines[Math.min(line, lines.length) - 1] ?? 1)
}

/** The text that a template makes, and of which line of the template each of its lines is. */
export function runTemplate (text: string, { shown, directory, env }: TemplateInit): { expanded: string, lines: number[] } {
  const data: Table = { Env: { ...env } as Table }
  const lines: number[] = []
  let expanded = ''
  evaluate(parseTemplate(text, shown), {
    shown,
    data,
    functions: templateFunctions({ directory, env: data.Env as Table }),
    onText: (written, line, isPutIn) => {
      written.split('\n').forEach((part, i) => {
        if (i > 0 || lines.length === 0) {
          lines.push(isPutIn ? line : line + i)
        }

        expanded += i > 0 ? `\n${part}` : part
      })
    }
  })
  return { expanded, lines }
}
