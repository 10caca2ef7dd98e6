import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..')
const readme = readFileSync(join(root, 'README.md'), 'utf8')

/** These are run by whoever runs this test, change the sources, or take minutes of an idle machine. */
const notRun = ['npm test', 'npm run format', 'npm run bench']
const commands = [...readme.matchAll(/```sh\n([^`]*)```/g)].flatMap(([, block]) => block!.trim().split('\n'))

/** A directory that looks like a fresh checkout which is ready, so that runs are written there and not here. */
let checkout: string

beforeAll(() => {
  checkout = realpathSync(mkdtempSync(join(tmpdir(), 'peerslab-readme-')))

  for (const name of readdirSync(root).filter((entry) => entry !== 'runs' && entry !== '.git')) {
    symlinkSync(join(root, name), join(checkout, name))
  }
})

afterAll(() => { rmSync(checkout, { recursive: true, force: true }) })

describe('the README', () => {
  it('has fewer than 150 lines', () => {
    expect(readme.split('\n').length).toBeLessThan(150)
  })

  it('names the commands that are run here, and those that are not are scripts of the package', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
    expect(commands.length).toBeGreaterThan(notRun.length)
    notRun.forEach((command) => {
      expect(commands).toContain(command)
      expect(Object.keys(scripts)).toContain(command.split(' ').at(-1))
    })
  })

  it.for(commands.filter((command) => !notRun.includes(command)))('%s', { timeout: 180_000 }, (command) => {
    const { status, stdout, stderr } = spawnSync(command, { cwd: checkout, shell: true, encoding: 'utf8', timeout: 170_000 })
    expect({ status, end: status === 0 ? '' : `${stdout}${stderr}`.slice(-2000) }).toEqual({ status: 0, end: '' })

    if (command === 'npm start') {
      const report = /^report: (.+)$/m.exec(stdout)?.[1]
      const html = readFileSync(join(checkout, report!), 'utf8')
      expect(stdout.trimEnd().endsWith(`report: ${report}`)).toBe(true)
      expect(html.match(/<svg/g)?.length).toBeGreaterThanOrEqual(2)
    }
  })

  it('links to files that are there', () => {
    const links = [...readme.matchAll(/\]\((?!http)([^)#]+)\)/g)].map(([, link]) => link!)
    expect(links.length).toBeGreaterThan(2)
    expect(links.filter((link) => !existsSync(join(root, link)))).toEqual([])
  })
})
