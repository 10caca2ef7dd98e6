import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..')
const directory = join(root, '.github', 'workflows')
const workflows = readdirSync(directory).map((name) => [name, readFileSync(join(directory, name), 'utf8')] as const)

describe('the workflows', () => {
  it.for(workflows)('%s pins every action by the hash of a commit and may only read', ([, text]) => {
    const uses = [...text.matchAll(/^ +- uses: (.+)$/gm)].map(([, action]) => action!)
    expect(uses.length).toBeGreaterThan(1)
    expect(uses.filter((action) => !/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(action))).toEqual([])
    expect(text).toContain('permissions:\n  contents: read\n')
  })

  it.for(workflows)('%s is bounded in time, and takes compositions that are there', ([, text]) => {
    expect(text.match(/timeout-minutes: \d+/g)?.length).toBe(text.match(/runs-on:/g)?.length)
    const compositions = [...text.matchAll(/composition\/[\w-]+\.toml/g)].map(([path]) => path)
    expect(compositions.filter((path) => !existsSync(join(root, path)))).toEqual([])
  })
})
