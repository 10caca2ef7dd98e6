import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, expect, it } from 'vitest'
import { closeAll, temporaryDirectory } from '../peers.test-helper.ts'
import type { ChildProcess } from 'node:child_process'

const sizeBytes = 300 * 1024 * 1024
/** What the transfer may take beside the peer itself: a few blocks, their copies on the way, and what waits for the garbage collector. */
const moreBytesMax = 160 * 1000 * 1000
const children: ChildProcess[] = []

afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill('SIGKILL')
  }

  await closeAll()
})

/** A peer in a process of its own, and the lines that it says. */
function start (...args: string[]): { child: ChildProcess, next: () => Promise<string> } {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'large-file.test-helper.ts'), ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  children.push(child)
  const lines = createInterface(child.stdout!)[Symbol.asyncIterator]()
  return {
    child,
    next: async () => {
      const { value, done } = await lines.next()
      return done === true ? 'the end' : value as string
    }
  }
}

it('of 300 MiB goes from one peer to another, and neither of them ever holds much of it in memory', { timeout: 240_000 }, async () => {
  const holder = start('hold', await temporaryDirectory(), String(sizeBytes))
  const [address, cid, hash] = [await holder.next(), await holder.next(), await holder.next()]
  const reader = start('fetch', await temporaryDirectory(), address, cid)

  expect(await reader.next()).toBe(hash)
  const ended = [once(holder.child, 'exit'), once(reader.child, 'exit')]
  holder.child.stdin!.end()
  reader.child.stdin!.end()
  const peaks = [Number(await holder.next()), Number(await reader.next())]
  await Promise.all(ended)

  for (const bytes of peaks) {
    expect(bytes).toBeGreaterThan(0)
    expect(bytes).toBeLessThan(moreBytesMax)
  }
})
