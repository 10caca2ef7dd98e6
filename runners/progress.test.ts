import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { createProgress } from './progress.ts'

const connected = { name: 'connected', instances: 3 }
const filled = { name: 'filled', instances: 2 }

interface Shown { progress: ReturnType<typeof createProgress>, text: () => string }

function progressOn ({ terminal, betweenMs }: { terminal: boolean, betweenMs?: number }): Shown {
  const stream = Object.assign(new PassThrough(), { isTTY: terminal })
  let text = ''
  stream.setEncoding('utf8').on('data', (chunk: string) => { text += chunk })
  const progress = createProgress(stream as unknown as NodeJS.WriteStream, 'quick', betweenMs)
  return { progress, text: () => { stream.read(); return text.replace(/\d+\.\d s/g, '<time>') } }
}

describe('progress where there is no terminal', () => {
  it('is one line for each phase that all of its instances have come to, once', () => {
    const { progress, text } = progressOn({ terminal: false })
    progress.say('six peers')
    progress.update(new Map([[connected, 2], [filled, 0]]))
    progress.update(new Map([[connected, 3], [filled, 1]]))
    progress.update(new Map([[connected, 3], [filled, 2]]))
    progress.update(new Map([[connected, 3], [filled, 2]]))
    progress.end()
    expect(text()).toBe('quick: six peers\nquick: connected 3/3 after <time>\nquick: filled 2/2 after <time>\n')
  })

  it('tells of a phase on its way when that has changed, but not too often', () => {
    const { progress, text } = progressOn({ terminal: false, betweenMs: 0 })
    const { progress: seldom, text: seldomText } = progressOn({ terminal: false })

    for (const count of [0, 1, 1, 2, 3, 3]) {
      progress.update(new Map([[connected, count]]))
      seldom.update(new Map([[connected, count]]))
    }

    expect(text()).toBe([1, 2, 3].map((count) => `quick: connected ${count}/3 after <time>\n`).join(''))
    expect(seldomText()).toBe('quick: connected 3/3 after <time>\n')
  })

  it('says nothing of a phase that nobody comes to', () => {
    const { progress, text } = progressOn({ terminal: false })
    progress.update(new Map([[{ name: 'joined', instances: 0 }, 0]]))
    expect(text()).toBe('')
  })
})

describe('progress on a terminal', () => {
  it('is one line that changes, makes room for sentences and leaves nothing behind', () => {
    const { progress, text } = progressOn({ terminal: true })
    const clear = '\r\x1b[K'
    progress.update(new Map([[connected, 3], [filled, 1]]))
    progress.say('peers/1 crashed')
    progress.end()
    expect(text()).toBe(`${clear}quick: connected 3/3 · filled 1/2 · <time>${clear}quick: peers/1 crashed\n${clear}`)
  })
})
