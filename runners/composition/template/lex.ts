import { CompositionError } from '../errors.ts'

/** A part of a template: text as it stands, or the words between `{{` and `}}`. */
export type Part =
  | { readonly kind: 'text', readonly text: string, readonly line: number }
  | { readonly kind: 'action', readonly tokens: readonly Token[], readonly line: number }

export interface Token {
  readonly kind: 'string' | 'number' | 'field' | 'variable' | 'name' | 'mark'
  readonly text: string
  /** Whether it stands right behind the one before it, as the field of what is in parentheses does. */
  readonly isTight: boolean
}

const patterns: ReadonlyArray<readonly [Token['kind'] | 'space', RegExp]> = [
  ['space', /\s+/y],
  ['string', /"(?:[^"\\\n]|\\.)*"|`[^`]*`/y],
  ['number', /[+-]?\d[\w.]*/y],
  ['field', /\.[\p{L}_][\p{L}\d_]*/uy],
  ['variable', /\$[\p{L}\d_]*/uy],
  ['name', /[\p{L}_][\p{L}\d_]*/uy],
  ['mark', /:=|[=,|().]/y]
]

/**
 * Cuts a template of Go's text/template into its parts; spaces beside `{{-` and `-}}` are taken away.
 *
 * @throws CompositionError with file and line
 */
export function lex (template: string, shown: string): Part[] {
  const parts: Part[] = []
  let [at, line, trims] = [0, 1, false]

  const addText = (text: string, trimsEnd: boolean): void => {
    const start = trims ? text.length - text.trimStart().length : 0
    const kept = text.slice(start)
    const whole = trimsEnd ? kept.trimEnd() : kept

    if (whole !== '') {
      parts.push({ kind: 'text', text: whole, line: line + countLines(text.slice(0, start)) })
    }

    line += countLines(text)
  }

  for (;;) {
    const open = template.indexOf('{{', at)

    if (open === -1) {
      addText(template.slice(at), false)
      return parts
    }

    const trimsBefore = /^-\s/.test(template.slice(open + 2, open + 4))
    addText(template.slice(at, open), trimsBefore)
    const start = open + 2 + (trimsBefore ? 1 : 0)
    const { tokens, end } = readAction(template, start, `${shown}:${line}`)
    trims = /\s-$/.test(template.slice(end - 2, end))

    if (tokens.length > 0) {
      parts.push({ kind: 'action', tokens, line })
    }

    line += countLines(template.slice(open, end))
    at = end + 2
  }
}

/** Reads the words of an action, to its `}}`; a comment has none. */
function readAction (template: string, start: number, place: string): { tokens: Token[], end: number } {
  const comment = /\s*\/\*[^]*?\*\/\s*-?(?=\}\})/y
  comment.lastIndex = start

  if (comment.test(template)) {
    return { tokens: [], end: comment.lastIndex }
  }

  const tokens: Token[] = []
  let [at, isTight] = [start, false]

  while (!/^(\s-)?\}\}/.test(template.slice(at, at + 4))) {
    const found = patterns.map(([kind, pattern]) => {
      pattern.lastIndex = at
      return [kind, pattern.exec(template)?.[0]] as const
    }).find(([, text]) => text != null)

    if (found?.[1] == null) {
      const rest = template.slice(at).split('\n')[0]?.slice(0, 20)
      throw new CompositionError(`${place}: the template is not understood at "${rest ?? ''}"; close it with }}, or correct it`)
    }

    const [kind, text = ''] = found

    if (kind !== 'space') {
      tokens.push({ kind, text, isTight })
    }

    isTight = kind !== 'space'
    // A space before -}} belongs to that.
    at += kind === 'space' && /^-\}\}/.test(template.slice(at + text.length, at + text.length + 3)) ? text.length - 1 : text.length
  }

  return { tokens, end: template.startsWith('}}', at) ? at : at + 2 }
}

function countLines (text: string): number {
  return text.split('\n').length - 1
}
