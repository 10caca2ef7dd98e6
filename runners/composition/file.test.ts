import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CompositionError, readComposition } from './index.ts'
import { group, head, makeDesk } from './files.test-helper.ts'
import type { Desk } from './files.test-helper.ts'

let desk: Desk
beforeAll(async () => { desk = await makeDesk() })
afterAll(async () => { await desk.clear() })

describe('a file', () => {
  it('that is missing, a directory or no text is refused', async () => {
    await mkdir(join(desk.directory, 'files'), { recursive: true })
    await writeFile(join(desk.directory, 'files', 'churn.toml'), '')
    expect(await desk.refusalOf('files/chrun.toml')).toBe('files/chrun.toml: there is no such file; did you mean "files/churn.toml"?')
    expect(await desk.refusalOf('nowhere/quick.toml')).toBe('nowhere/quick.toml: there is no such file; name a composition (a .toml file) that exists')
    expect(await desk.refusalOf('files')).toBe('files: is a directory, not a composition; name one of the files in it: churn.toml')
    await writeFile(join(desk.directory, 'files', 'latin.toml'), Uint8Array.of(0x23, 0xe9, 0x0a))
    expect(await desk.refusalOf('files/latin.toml')).toBe('files/latin.toml: is not UTF-8 text, as TOML must be; save it as UTF-8')
  })

  it('may start with a byte order mark and end its lines the Windows way', async () => {
    await writeFile(join(desk.directory, 'windows.toml'), `\uFEFF${head}${group}`.replaceAll('\n', '\r\n'))
    const { runs } = await readComposition('windows.toml', { manifest: desk.manifest, workingDirectory: desk.directory })
    expect(runs[0]?.totalInstances).toBe(4)
  })

  it('whose directory no parameter can carry is refused when a path points into it', async () => {
    await mkdir(join(desk.directory, 'a=b'), { recursive: true })
    await writeFile(join(desk.directory, 'a=b', 'c.toml'), `${head}${group}run.test_params.corpus = "data"`)
    expect(await desk.refusalOf('a=b/c.toml')).toBe(`a=b/c.toml:7: parameter "corpus" is the path "${join(desk.directory, 'a=b', 'data')}", which contains "=", ` +
      'which Testground\'s parameter list k=v|k=v cannot carry; use a path without it')
  })
})

describe('whatever a file holds', () => {
  it('is read or refused with a place in the file, and nothing else happens', async () => {
    const good = `${head}total_instances = 8\nrun.test_params = { n = "5" }\n${group}[groups.run.test_params]\nrole = "a"
[[groups]]\nid = "more"\ninstances.percentage = 0.5\n[[runs]]\nid = "r"\n[[runs.groups]]\nid = "peers"\n[[runs.groups]]\nid = "more"\n`
    await desk.read(good)
    const pieces = ['[', ']', '[[', '{', '}', '=', '"', '.', ',', '\n', '#', '5', '-1', 'true', 'inf', 'nan', '""', 'x', '[groups]', '[[global]]', '[runs.groups]',
      'constructor', 'toString', '__proto__', 'constructor.prototype.x = "1"\n', '[__proto__]\n', 'a.__proto__.x = "1"\n', '\u0000', '1979-05-27', '"""']
    const edit = fc.record({ at: fc.nat(good.length), remove: fc.nat(12), insert: fc.constantFrom('', ...pieces) })
    await fc.assert(fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 3 }), async (edits) => {
      let text = good
      for (const { at, remove, insert } of edits) text = text.slice(0, at) + insert + text.slice(at + remove)
      const error: unknown = await desk.read(text).then(() => undefined, (reason: unknown) => reason)
      if (error !== undefined) {
        expect(error).toBeInstanceOf(CompositionError)
        expect((error as Error).message).toMatch(/^quick\.toml:\d+: [^]+[a-z0-9")}\]?]$/i)
      }
      expect(({} as Record<string, unknown>).x).toBeUndefined()
    }), { numRuns: 500, seed: 1 })
  })
})
