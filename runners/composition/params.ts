import { resolve } from 'node:path'
import { isPreset } from '../../plans/corpus/presets.ts'
import { CompositionError } from './errors.ts'
import { suggest } from './suggest.ts'
import { keyText } from './toml.ts'
import type { CaseSpec, ParamSpec } from './manifest.ts'
import type { ParamType } from './schema.ts'

export type Params = Readonly<Record<string, string>>

/** Where a table of parameters was written, and what its relative paths count from. */
export interface ParamSource {
  baseDirectory: string
  /** The place of one parameter, for messages: `quick.toml:8` or `--set n=5`. */
  place (name: string, value: string): string
  /** A parameter as it is written there: `n = "5"` or `--set n=5`. */
  write (name: string, value: string): string
}

/** Parameters from a file: `place` is the file and line of each. */
export function fileSource (baseDirectory: string, place: (name: string) => string): ParamSource {
  return { baseDirectory, place, write: (name, value) => `${keyText(name)} = ${JSON.stringify(value)}` }
}

/** Parameters from the command line. */
export function commandLineSource (workingDirectory: string): ParamSource {
  const write = (name: string, value: string): string => `--set ${name}=${value}`
  return { baseDirectory: workingDirectory, place: write, write }
}

/**
 * Checks one table of parameters against what a test case declares, and makes its paths absolute.
 *
 * @throws CompositionError about the first that is not declared, does not fit its type or cannot be carried
 */
export function readParams (written: Params, caseName: string, { params }: CaseSpec, source: ParamSource): Params {
  const read: Record<string, string> = {}
  for (const [name, value] of Object.entries(written)) {
    const place = source.place(name, value)
    const spec = Object.hasOwn(params, name) ? params[name] : undefined
    if (spec === undefined) {
      const hint = suggest(name, Object.keys(params), 'parameter')
      throw new CompositionError(`${place}: test case "${caseName}" has no parameter "${name}"; ${hint}`)
    }
    const problem = misfit(value, spec.type)
    if (problem !== undefined) {
      throw new CompositionError(`${place}: parameter "${name}" ${problem}; write ${source.write(name, example(spec))}`)
    }
    read[name] = resolvePath(value, spec.type, source.baseDirectory)
    refuseSeparators(name, read[name], value, place)
  }
  return read
}

/** The defaults of a test case; a parameter without a default is absent. */
export function defaultParams (caseName: string, spec: CaseSpec, source: ParamSource): Params {
  const withDefault = Object.entries(spec.params).flatMap(([name, param]) => param.default === undefined ? [] : [[name, param.default]])
  return readParams(Object.fromEntries(withDefault) as Params, caseName, spec, source)
}

/** What is wrong with a value of a type ("must be …, but is …"); undefined if nothing is. */
export function misfit (value: string, type: ParamType): string | undefined {
  const but = `but is ${JSON.stringify(value)}`
  switch (type) {
    case 'int':
      return /^[+-]?\d+$/.test(value) && Number.isSafeInteger(Number(value)) ? undefined : `must be a whole number, ${but}`
    case 'float':
      return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value) && Number.isFinite(Number(value)) ? undefined : `must be a number, ${but}`
    case 'bool':
      return value === 'true' || value === 'false' ? undefined : `must be true or false, ${but}`
    default:
      return undefined
  }
}

function example ({ type, default: value }: ParamSpec): string {
  if (value !== undefined) return value
  return type === 'bool' ? 'true' : '1'
}

/** A profile without .json, and a corpus that is a preset's name, come with the plan; an empty corpus or file is none. */
function resolvePath (value: string, type: ParamType, baseDirectory: string): string {
  const isPath = type === 'profile'
    ? value.endsWith('.json')
    : value !== '' && (type === 'file' || (type === 'corpus' && !isPreset(value)))
  return isPath ? resolve(baseDirectory, value) : value
}

/** Testground hands parameters to instances as `k=v|k=v`; its SDKs drop or cut a value with one of the two. */
function refuseSeparators (name: string, value: string, written: string, place: string): void {
  const separator = ['=', '|'].find((character) => value.includes(character))
  if (separator === undefined) return
  const what = value === written ? `parameter "${name}"` : `parameter "${name}" is the path ${JSON.stringify(value)}, which`
  const cure = value === written ? 'write the value' : 'use a path'
  throw new CompositionError(`${place}: ${what} contains "${separator}", which Testground's parameter list k=v|k=v cannot carry; ${cure} without it`)
}
