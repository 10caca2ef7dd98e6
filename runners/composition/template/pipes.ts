import { CompositionError } from '../errors.ts'
import { suggest } from '../suggest.ts'
import { TemplateProblem } from './functions.ts'
import { isTable, print } from './values.ts'
import type { TemplateFunction } from './functions.ts'
import type { Pipe, Term } from './parse.ts'
import type { Value } from './values.ts'

export type Functions = Readonly<Record<string, TemplateFunction>>

/** Finds the values of pipes, in one file and with one set of functions. */
export class Pipes {
  private readonly shown: string
  private readonly functions: Functions

  constructor (shown: string, functions: Functions) {
    this.shown = shown
    this.functions = functions
  }

  fail (line: number, problem: string): CompositionError {
    return new CompositionError(`${this.shown}:${line}: ${problem}`)
  }

  valueOf ({ variables, declares, commands }: Pipe, dot: Value, scope: Scope, line: number): Value {
    let value: Value
    commands.forEach((command, i) => { value = this.commandValue(command, dot, scope, line, i === 0 ? [] : [value]) })

    for (const name of variables) {
      if (declares) {
        scope.declare(name, value)
      } else if (!scope.assign(name, value)) {
        throw this.fail(line, `the variable ${name} was not declared; write ${name} := before`)
      }
    }

    return value
  }

  private commandValue ([first, ...rest]: readonly Term[], dot: Value, scope: Scope, line: number, last: readonly Value[]): Value {
    if (first?.operand.kind === 'function') {
      const args = [...rest.map((term) => this.termValue(term, dot, scope, line)), ...last]
      return this.fieldsOf(this.callFunction(first.operand.name, args, line), first.fields, line)
    }

    if (rest.length > 0 || last.length > 0) {
      throw this.fail(line, 'only a function can be given something in a template; write a function first')
    }

    return this.termValue(first!, dot, scope, line)
  }

  private callFunction (name: string, args: readonly Value[], line: number): Value {
    const called = Object.hasOwn(this.functions, name) ? this.functions[name] : undefined

    if (called == null) {
      throw this.fail(line, `there is no function "${name}" for templates of compositions; ${suggest(name, Object.keys(this.functions), 'function')}`)
    }

    if (args.length < called.argumentsMin || args.length > called.argumentsMax) {
      const takes = called.argumentsMin === called.argumentsMax ? String(called.argumentsMin) : `at least ${called.argumentsMin}`
      throw this.fail(line, `${name} is given ${args.length} value${args.length === 1 ? '' : 's'}, but takes ${takes}; correct it`)
    }

    try {
      return called.call(args)
    } catch (err) {
      throw err instanceof TemplateProblem ? this.fail(line, `${name}: ${err.message}; correct it`) : err
    }
  }

  private termValue ({ operand, fields }: Term, dot: Value, scope: Scope, line: number): Value {
    switch (operand.kind) {
      case 'value':
        return operand.value
      case 'dot':
        return this.fieldsOf(dot, fields, line)
      case 'variable': {
        const found = scope.find(operand.name)

        if (found == null) {
          throw this.fail(line, `there is no variable ${operand.name}; write ${operand.name} := before`)
        }

        return this.fieldsOf(found.value, fields, line)
      }
      case 'pipe':
        return this.fieldsOf(this.valueOf(operand.pipe, dot, scope, line), fields, line)
      default:
        return this.fieldsOf(this.callFunction(operand.name, [], line), fields, line)
    }
  }

  private fieldsOf (value: Value, fields: readonly string[], line: number): Value {
    return fields.reduce<Value>((current, field) => {
      if (current != null && !isTable(current)) {
        throw this.fail(line, `${print(current)} has no field ${field}; only a table has`)
      }

      return current != null && Object.hasOwn(current, field) ? current[field] : undefined
    }, value)
  }
}

/** Variables, seen from inside out; `$` is what the template was given. */
export class Scope {
  private readonly variables = new Map<string, { value: Value }>()
  private readonly outer: Scope | undefined

  constructor (outer: Scope | undefined, data?: Value) {
    this.outer = outer

    if (outer == null) {
      this.declare('$', data)
    }
  }

  declare (name: string, value: Value): void {
    this.variables.set(name, { value })
  }

  assign (name: string, value: Value): boolean {
    const found = this.find(name)

    if (found != null) {
      found.value = value
    }

    return found != null
  }

  find (name: string): { value: Value } | undefined {
    return this.variables.get(name) ?? this.outer?.find(name)
  }
}
