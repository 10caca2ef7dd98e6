import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { packageRoot } from '../files.ts'
import { isolate, isolatedSource, IsolationError, isolations } from './isolate.ts'
import type { Isolation } from './isolate.ts'

const isolation: Isolation = {
  package: 'library', version: '1.2.3', file: 'index.js', why: 'it would be shared',
  replacements: [{ find: 'const all = new Map()', by: 'const all = own()', times: 1 }, { find: 'all.', by: 'all().', times: 2 }]
}

describe('a change that makes state each instance\'s own', () => {
  it('replaces what it says, everywhere', () => {
    expect(isolate(isolation, '1.2.3', 'const all = new Map()\nall.get(1)\nall.set(2)')).toBe('const all = own()\nall().get(1)\nall().set(2)')
  })

  it('fails loudly where the library is another version', () => {
    expect(() => isolate(isolation, '1.2.4', '')).toThrow(IsolationError)
    expect(() => isolate(isolation, '1.2.4', '')).toThrow('library is 1.2.4, and its state was made each instance\'s own in 1.2.3')
  })

  it.each(['const all = new Map()\nall.get(1)', 'const all = new Map()\nall.a all.b all.c', 'all.a all.b'])('fails loudly where the source is another: %s', (source) => {
    expect(() => isolate(isolation, '1.2.3', source)).toThrow(IsolationError)
  })

  it.each(isolations)('of $package fits what is installed', (each) => {
    expect(isolatedSource(each, join(packageRoot, 'node_modules', each.package))).toContain('peerslab.isolated')
  })
})
