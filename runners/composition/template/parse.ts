import { CompositionError } from '../errors.ts'
import { lex } from './lex.ts'
import type { Part, Token } from './lex.ts'

export type Operand =
  | { readonly kind: 'value', readonly value: string | number | boolean | null }
  | { readonly kind: 'dot' }
  | { readonly kind: 'variable', readonly name: string }
  | { readonly kind: 'function', readonly name: string }
  | { readonly kind: 'pipe', readonly pipe: Pipe }
/** An operand and the fields that are taken of it, one of another. */
export interface Term { readonly operand: Operand, readonly fields: readonly string[] }
/** Commands, of which each is given the result of the one before it as its last argument. */
export interface Pipe {
  /** The variables that the result goes to; `declares`: they are new. */
  readonly variables: readonly string[]
  readonly declares: boolean
  readonly commands: ReadonlyArray<readonly Term[]>
}

export type Node =
  | { readonly kind: 'text', readonly text: string, readonly line: number }
  | { readonly kind: 'print', readonly pipe: Pipe, readonly line: number }
  | { readonly kind: 'if' | 'with' | 'range', readonly pipe: Pipe, readonly body: readonly Node[], readonly otherwise: readonly Node[], readonly line: number }
  | { readonly kind: 'template', readonly name: string, readonly pipe?: Pipe, readonly line: number }
  | { readonly kind: 'break' | 'continue', readonly line: number }

export interface Template {
  readonly nodes: readonly Node[]
  readonly defined: ReadonlyMap<string, readonly Node[]>
}

/** Parses Go's text/template. @throws CompositionError with file and line */
export function parseTemplate (text: string, shown: string): Template {
  const reader = new TemplateReader(lex(text, shown), shown)
  const { nodes, end } = reader.readList()

  if (end != null) {
    throw new CompositionError(`${shown}:${end.line}: {{ ${end.word} }} ends nothing that was begun; delete it`)
  }

  return { nodes, defined: reader.defined }
}

interface End { readonly word: 'end' | 'else', readonly line: number, readonly rest: readonly Token[] }

/** Reads parts one after another: a class because all of its functions move on the same place. */
class TemplateReader {
  readonly defined = new Map<string, readonly Node[]>()
  private readonly parts: readonly Part[]
  private readonly shown: string
  private at = 0

  constructor (parts: readonly Part[], shown: string) {
    this.parts = parts
    this.shown = shown
  }

  /** The nodes up to the next `end` or `else`, or to the end of the file. */
  readList (): { nodes: Node[], end?: End } {
    const nodes: Node[] = []

    while (this.at < this.parts.length) {
      const part = this.parts[this.at++]!

      if (part.kind === 'text') {
        nodes.push(part)
        continue
      }

      const [first, ...rest] = part.tokens
      const word = first?.kind === 'name' ? first.text : ''

      if (word === 'end' || word === 'else') {
        return { nodes, end: { word, line: part.line, rest } }
      }

      nodes.push(...this.readNode(word, rest, part))
    }

    return { nodes }
  }

  private readNode (word: string, rest: readonly Token[], part: Part & { kind: 'action' }): Node[] {
    const { line } = part

    switch (word) {
      case 'if':
      case 'with':
      case 'range':
        return [this.readBranch(word, rest, line)]
      case 'define':
        this.defined.set(this.nameOf(rest[0], line), this.readBody(word, line))
        return []
      case 'block': {
        const name = this.nameOf(rest[0], line)
        this.defined.set(name, this.readBody(word, line))
        return [{ kind: 'template', name, pipe: this.readPipe(rest.slice(1), line), line }]
      }
      case 'template':
        return [{ kind: 'template', name: this.nameOf(rest[0], line), line, ...(rest.length > 1 ? { pipe: this.readPipe(rest.slice(1), line) } : {}) }]
      case 'break':
      case 'continue':
        return [{ kind: word, line }]
      default:
        return [{ kind: 'print', pipe: this.readPipe(part.tokens, line), line }]
    }
  }

  private readBranch (kind: 'if' | 'with' | 'range', tokens: readonly Token[], line: number): Node {
    const pipe = this.readPipe(tokens, line)
    const { nodes: body, end } = this.readList()

    if (end?.word !== 'else') {
      this.require(end, kind, line)
      return { kind, pipe, body, otherwise: [], line }
    }

    const [next] = end.rest

    // An `else if` is an `if` in the `else`, with the same end.
    if (next?.text === 'if' || next?.text === 'with') {
      return { kind, pipe, body, otherwise: [this.readBranch(next.text, end.rest.slice(1), end.line)], line }
    }

    const { nodes: otherwise, end: last } = this.readList()
    this.require(last?.word === 'end' ? last : undefined, kind, line)
    return { kind, pipe, body, otherwise, line }
  }

  private readBody (word: string, line: number): Node[] {
    const { nodes, end } = this.readList()
    this.require(end?.word === 'end' ? end : undefined, word, line)
    return nodes
  }

  private require (end: End | undefined, word: string, line: number): void {
    if (end == null) {
      throw this.error(line, `{{ ${word} }} has no {{ end }}; add it`)
    }
  }

  private nameOf (token: Token | undefined, line: number): string {
    if (token?.kind !== 'string') {
      throw this.error(line, 'a template is named by a text; write its name in quotes')
    }

    return readString(token.text)
  }

  private readPipe (tokens: readonly Token[], line: number): Pipe {
    const sign = tokens.findIndex(({ text }) => text === ':=' || text === '=')
    const variables = tokens.slice(0, Math.max(0, sign)).filter(({ kind }) => kind === 'variable').map(({ text }) => text)
    const terms = new TermReader(tokens.slice(sign + 1), (problem) => this.error(line, problem))
    const commands = terms.readCommands()

    if (!terms.isAtEnd || commands.some((command) => command.length === 0) || (sign !== -1 && variables.length === 0)) {
      throw this.error(line, `{{ ${tokens.map(({ text }) => text).join(' ')} }} is no template that is understood; correct it`)
    }

    return { variables, declares: tokens[sign]?.text === ':=', commands }
  }

  private error (line: number, problem: string): CompositionError {
    return new CompositionError(`${this.shown}:${line}: ${problem}`)
  }
}

class TermReader {
  private readonly tokens: readonly Token[]
  private readonly error: (problem: string) => CompositionError
  private at = 0

  constructor (tokens: readonly Token[], error: (problem: string) => CompositionError) {
    this.tokens = tokens
    this.error = error
  }

  get isAtEnd (): boolean {
    return this.at >= this.tokens.length
  }

  readCommands (): Term[][] {
    const commands: Term[][] = [[]]

    while (!this.isAtEnd && this.tokens[this.at]?.text !== ')') {
      if (this.tokens[this.at]?.text === '|') {
        this.at++
        commands.push([])
      } else {
        commands.at(-1)!.push(this.readTerm())
      }
    }

    return commands
  }

  private readTerm (): Term {
    const token = this.tokens[this.at++]!
    const fields: string[] = token.kind === 'field' ? [token.text.slice(1)] : []
    const operand = this.readOperand(token)

    for (let next = this.tokens[this.at]; next?.kind === 'field' && next.isTight; next = this.tokens[++this.at]) {
      fields.push(next.text.slice(1))
    }

    return { operand, fields }
  }

  private readOperand ({ kind, text }: Token): Operand {
    if (kind === 'string') {
      return { kind: 'value', value: readString(text) }
    } else if (kind === 'number') {
      const value = Number(text.replaceAll('_', ''))

      if (Number.isNaN(value)) {
        throw this.error(`${text} is no number; correct it`)
      }

      return { kind: 'value', value }
    } else if (kind === 'field' || text === '.') {
      return { kind: 'dot' }
    } else if (kind === 'variable') {
      return { kind: 'variable', name: text }
    } else if (kind === 'name') {
      const literals: Record<string, boolean | null> = { true: true, false: false, nil: null }
      return Object.hasOwn(literals, text) ? { kind: 'value', value: literals[text]! } : { kind: 'function', name: text }
    } else if (text === '(') {
      const commands = this.readCommands()

      if (this.tokens[this.at++]?.text !== ')' || commands.some((command) => command.length === 0)) {
        throw this.error('a parenthesis of a template is not closed, or empty; close it')
      }

      return { kind: 'pipe', pipe: { variables: [], declares: false, commands } }
    }

    throw this.error(`"${text}" is not understood in a template; correct it`)
  }
}

/** Go's texts, in which what is escaped is as in JSON but for a few that nobody writes. */
function readString (text: string): string {
  if (text.startsWith('`')) {
    return text.slice(1, -1)
  }

  try {
    return JSON.parse(text.replaceAll('\t', '\\t')) as string
  } catch {
    return text.slice(1, -1)
  }
}
