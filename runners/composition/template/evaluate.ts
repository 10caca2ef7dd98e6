import { suggest } from '../suggest.ts'
import { Pipes, Scope } from './pipes.ts'
import { isTable, isTrue, keysOf, print } from './values.ts'
import type { Functions } from './pipes.ts'
import type { Node, Pipe, Template } from './parse.ts'
import type { Value } from './values.ts'

/** A template that names itself would go on for ever. */
const depthMax = 100

type Branch = Node & { kind: 'if' | 'with' | 'range' }
type Left = 'break' | 'continue' | undefined

export interface EvaluateInit {
  readonly shown: string
  readonly data: Value
  readonly functions: Functions
  /** Hears the text bit by bit, with the line of the template where each begins; what was put in has no more lines than that one. */
  readonly onText: (text: string, line: number, isPutIn: boolean) => void
}

/** Carries out a template. @throws CompositionError with file and line */
export function evaluate (template: Template, { shown, data, functions, onText }: EvaluateInit): void {
  new Evaluation(template, new Pipes(shown, functions), onText).run(template.nodes, data, new Scope(undefined, data))
}

class Evaluation {
  private readonly template: Template
  private readonly pipes: Pipes
  private readonly onText: EvaluateInit['onText']
  private depth = 0

  constructor (template: Template, pipes: Pipes, onText: EvaluateInit['onText']) {
    this.template = template
    this.pipes = pipes
    this.onText = onText
  }

  run (list: readonly Node[], dot: Value, scope: Scope): Left {
    for (const node of list) {
      const left = this.step(node, dot, scope)

      if (left != null) {
        return left
      }
    }

    return undefined
  }

  private step (node: Node, dot: Value, scope: Scope): Left {
    switch (node.kind) {
      case 'text':
        this.onText(node.text, node.line, false)
        return undefined
      case 'print':
        this.printPipe(node.pipe, dot, scope, node.line)
        return undefined
      case 'template':
        this.callTemplate(node.name, node.pipe == null ? undefined : this.pipes.valueOf(node.pipe, dot, scope, node.line), node.line)
        return undefined
      case 'break':
      case 'continue':
        return node.kind
      case 'range':
        return this.range(node, dot, scope)
      default: {
        const inner = new Scope(scope)
        const value = this.pipes.valueOf(node.pipe, dot, inner, node.line)
        return isTrue(value) ? this.run(node.body, node.kind === 'with' ? value : dot, inner) : this.run(node.otherwise, dot, inner)
      }
    }
  }

  private printPipe (pipe: Pipe, dot: Value, scope: Scope, line: number): void {
    const value = this.pipes.valueOf(pipe, dot, scope, line)

    if (pipe.variables.length > 0) {
      return
    }

    if (value == null) {
      const [first] = pipe.commands[0]!
      const name = first?.fields.join('.') ?? ''
      throw this.pipes.fail(line, name.startsWith('Env.') ? `the environment variable ${name.slice(4)} is not set; set it` : `there is no value to be written for .${name}; give it one`)
    }

    this.onText(print(value), line, true)
  }

  private callTemplate (name: string, data: Value, line: number): void {
    const body = this.template.defined.get(name)

    if (body == null) {
      throw this.pipes.fail(line, `there is no template "${name}"; ${suggest(name, [...this.template.defined.keys()], 'template')}`)
    }

    if (++this.depth > depthMax) {
      throw this.pipes.fail(line, `the template "${name}" calls itself without end; let it end`)
    }

    this.run(body, data, new Scope(undefined, data))
    this.depth--
  }

  private range ({ pipe, body, otherwise, line }: Branch, dot: Value, scope: Scope): undefined {
    const value = this.pipes.valueOf({ ...pipe, variables: [] }, dot, scope, line)
    const entries: Array<readonly [Value, Value]> = Array.isArray(value)
      ? value.map((each, i) => [i, each as Value] as const)
      : isTable(value) ? keysOf(value).map((key) => [key, value[key]] as const) : value == null ? [] : this.notARange(value, line)

    if (entries.length === 0) {
      this.run(otherwise, dot, new Scope(scope))
    }

    for (const [key, each] of entries) {
      const inner = new Scope(scope)
      const [first, second] = pipe.variables
      const assigned = second == null ? [[first, each] as const] : [[first, key] as const, [second, each] as const]
      assigned.forEach(([name, to]) => { if (name != null) { inner.declare(name, to) } })

      if (this.run(body, each, inner) === 'break') {
        break
      }
    }

    return undefined
  }

  private notARange (value: Value, line: number): never {
    throw this.pipes.fail(line, `range cannot go through ${print(value)}; give it a list or a table`)
  }
}
