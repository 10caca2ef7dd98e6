import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ESLint } from 'eslint'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..')
const eslint = new ESLint({ cwd: root, ruleFilter: ({ ruleId }) => ruleId === 'no-restricted-imports' })

/** What the linter says of a file of a room that imports another one. */
async function importing (room: string, other: string): Promise<string[]> {
  // The file has to be one of the project's, because other rules are told of types.
  const file = readdirSync(join(root, room)).find((name) => /^[\w-]+\.ts$/.test(name))
  const [result] = await eslint.lintText(`import '../${other}/index.ts'\n`, { filePath: join(root, room, file!) })
  return result!.messages.map(({ ruleId, message }) => `${ruleId}: ${message}`)
}

describe('the walls between the rooms', () => {
  it.for([
    ['peersdb', 'network'], ['peersdb', 'plans'], ['network', 'peersdb'], ['plans', 'runners'], ['runners', 'peersdb'],
    ['runners', 'cli'], ['analysis', 'runners'], ['analysis', 'plans'], ['cli', 'plans']
  ])('keep %s from importing %s', async ([room, other]) => {
    expect(await importing(room!, other!)).toEqual([expect.stringContaining(`${room}/ may import`)])
  })

  it.for([['plans', 'peersdb'], ['plans', 'network'], ['runners', 'plans'], ['runners', 'network'], ['cli', 'runners'], ['cli', 'analysis'], ['cli', 'peersdb']])(
    'let %s import %s', async ([room, other]) => {
      expect(await importing(room!, other!)).toEqual([])
    })
})
