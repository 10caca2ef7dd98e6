import { resolve } from 'node:path'
import { CompositionError } from './errors.ts'
import { readText } from './file.ts'
import { check } from './issues.ts'
import { foreignManifestSchema, manifestSchema } from './schema.ts'
import { misfit } from './params.ts'
import { parseToml } from './toml.ts'
import type * as z from 'zod'
import type { ParamType } from './schema.ts'
import type { TomlDocument } from './toml.ts'

export interface ParamSpec { type: ParamType, description: string, unit?: string, default?: string }
export interface CaseSpec {
  instances: { min: number, max: number, default: number }
  params: Readonly<Record<string, ParamSpec>>
}

/** What a plan offers: its test cases with their parameters, and the builders and runners it fits. */
export interface Manifest {
  /** Absolute path. */
  file: string
  name: string
  testcases: Readonly<Record<string, CaseSpec>>
  builders: Readonly<Record<string, Record<string, unknown>>>
  runners: Readonly<Record<string, Record<string, unknown>>>
  /** The builder that a plan of others asks for where no composition does. */
  builderDefault?: string
}

/**
 * Reads a Testground manifest. A default that is no string becomes its JSON text, as in
 * Testground; a parameter without one has none here, where Testground would send "null".
 *
 * @throws CompositionError with file and line
 */
export async function readManifest (file: string): Promise<Manifest> {
  const { document, absolute } = await readDocument(file)
  return build(check(document, manifestSchema), document, absolute)
}

/**
 * Reads the manifest of a plan that others wrote: as Testground does, so that every parameter is a text, and one without a default
 * is "null".
 *
 * @throws CompositionError with file and line
 */
export async function readForeignManifest (file: string): Promise<Manifest> {
  const { document, absolute } = await readDocument(file)
  const raw = check(document, foreignManifestSchema)
  const manifest = build(raw, document, absolute)
  const withNull = Object.entries(manifest.testcases).map(([name, spec]) => {
    const params = Object.entries(spec.params).map(([param, about]) => [param, { ...about, default: about.default ?? 'null' }] as const)
    return [name, { ...spec, params: Object.fromEntries(params) }] as const
  })
  const { builder } = raw.defaults ?? {}
  return { ...manifest, testcases: Object.fromEntries(withNull), ...(builder == null ? {} : { builderDefault: builder }) }
}

async function readDocument (file: string): Promise<{ document: TomlDocument, absolute: string }> {
  const absolute = resolve(file)
  return { document: parseToml(await readText(file, absolute, 'manifest'), file), absolute }
}

function build (raw: z.infer<typeof manifestSchema | typeof foreignManifestSchema>, document: TomlDocument, absolute: string): Manifest {
  const testcases: Record<string, CaseSpec> = {}
  raw.testcases.forEach(({ name, instances, params = {} }, index) => {
    if (Object.hasOwn(testcases, name)) {
      throw new CompositionError(`${document.place(['testcases', index, 'name'])}: test case "${name}" is there twice; rename or delete one of them`)
    }
    const size = { ...instances, default: instances.default ?? instances.min }
    checkSize(size, document, index)
    const specs: Record<string, ParamSpec> = {}
    for (const [param, { type, desc, unit, default: value }] of Object.entries(params)) {
      specs[param] = { type, description: desc, ...(unit === undefined ? {} : { unit }), ...asDefault(value) }
      checkDefault(param, specs[param], document, index)
    }
    testcases[name] = { instances: size, params: specs }
  })
  return { file: absolute, name: raw.name, testcases, builders: raw.builders ?? {}, runners: raw.runners ?? {} }
}

function asDefault (value: unknown): { default?: string } {
  if (value === undefined) return {}
  return { default: typeof value === 'string' ? value : JSON.stringify(value) }
}

function checkDefault (param: string, spec: ParamSpec, document: TomlDocument, index: number): void {
  const problem = spec.default === undefined ? undefined : misfit(spec.default, spec.type)
  if (problem === undefined) return
  const place = document.place(['testcases', index, 'params', param, 'default'])
  throw new CompositionError(`${place}: the default of parameter "${param}" ${problem}; correct the default or the type`)
}

function checkSize ({ min, max, default: size }: CaseSpec['instances'], document: TomlDocument, index: number): void {
  if (min <= size && size <= max) return
  const place = document.place(['testcases', index, 'instances'])
  throw new CompositionError(`${place}: instances must be min <= default <= max, but they are ${min}, ${size} and ${max}; put them in order`)
}
