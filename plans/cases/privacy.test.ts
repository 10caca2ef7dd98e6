import { describe, expect, it } from 'vitest'
import { privacy } from './privacy.ts'

const group = (role: string, params: Readonly<Record<string, string>> = {}) => ({ id: role, count: 1, params: { role, network: 'lan', ...params } })

describe('the case privacy', () => {
  it('takes holders and hostile peers, with readers or without', async () => {
    expect(await privacy.check([group('holder'), group('hostile'), group('reader')])).toEqual([])
    expect(privacy.phases([group('holder'), group('hostile'), group('reader')]).map(({ name, instances }) => `${name} ${instances}`))
      .toEqual(['connected 2', 'filled 2', 'attacked 1', 'judged 3'])
  })

  it.each([
    [['holder', 'reader'], {}, 'no group has role = "hostile", so nobody asks for what is private; give it to at least one'],
    [['hostile', 'reader'], {}, 'no group has role = "holder", so there is nothing to be kept private; give it to at least one'],
    [['holder'], { file_bytes: '5000,x' }, 'group holder: parameter file_bytes = "5000,x" of case privacy must be whole numbers above 0, separated by commas'],
    [['holder'], { file_bytes: '63' }, 'group holder: parameter file_bytes = "63" of case privacy must be at least 64 each']
  ])('is refused where nothing could be seen in it (%#)', async (roles, params, sentence) => {
    await expect(privacy.check(roles.map((role) => group(role, params)))).rejects.toThrow(sentence)
  })
})
