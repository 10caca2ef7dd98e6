import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bundledProgram } from './program.ts'
import { openSeat } from './seat.ts'
import type { LocalSeat } from './seat.ts'

const pollMs = 20
/** So many looks in a row that find nothing new, each long enough for a line, show that nothing is written any more. */
const steadyPolls = 10

describe.skipIf(process.platform === 'win32')('the seat of an instance', () => {
  let directory: string
  let opened = 0
  beforeAll(async () => { directory = await mkdtemp(join(tmpdir(), 'peerslab-seat-')) })
  afterAll(async () => { await rm(directory, { recursive: true, force: true }) })

  interface Opened {
    seat: LocalSeat
    /** Resolves when the file that its processes write into has so many lines; rejects after 10 s. */
    lines: (count: number) => Promise<string[]>
    /** Resolves with the number of lines once no more come; rejects after 10 s. */
    steady: () => Promise<number>
  }

  /** The program of each life writes into a file, and ends where it is told to. */
  async function open (program: string): Promise<Opened> {
    const place = join(directory, String(++opened))
    const [plan, file] = [`${place}.mjs`, `${place}.txt`]
    await appendFile(file, '')
    await writeFile(plan, `import { appendFileSync } from 'node:fs'
      const life = Number(process.env.LIFE)
      const write = (text) => appendFileSync(${JSON.stringify(file)}, text + '\\n')
      const success = () => { console.log(JSON.stringify({ event: { success_event: {} } })) }
      ${program}`)
    const seat = openSeat((life) => ({
      group: 'peers', index: 3, program: bundledProgram(plan), env: { LIFE: String(life) }, outputs: join(place, 'out'), workingDirectory: join(place, 'work')
    }))
    const read = async (): Promise<string[]> => (await readFile(file, 'utf8')).split('\n').slice(0, -1)
    return {
      seat,
      lines: async (count) => {
        for (const startedMs = performance.now(); (await read()).length < count;) {
          expect(performance.now() - startedMs).toBeLessThan(10_000)
          await new Promise((resolve) => { setTimeout(resolve, pollMs) })
        }

        return read()
      },
      steady: async () => {
        let [count, polls] = [-1, 0]

        for (const startedMs = performance.now(); polls < steadyPolls;) {
          expect(performance.now() - startedMs).toBeLessThan(10_000)
          const now = (await read()).length;
          [count, polls] = now === count ? [count, polls + 1] : [now, 0]
          await new Promise((resolve) => { setTimeout(resolve, pollMs) })
        }

        return count
      }
    }
  }

  const lasting = 'write(`life ${life}`); if (life < 2) { setInterval(() => {}, 1000) } else { success() }'

  it('is judged by the last of its lives', async () => {
    const { seat, lines } = await open(lasting)
    await lines(1)
    seat.crash(true)
    seat.start(1)
    await lines(2)
    seat.crash(true)
    seat.start(2)
    expect(await seat.ended).toMatchObject({ group: 'peers', index: 3, outcome: 'success', stopped: false, lives: 3 })
    expect(await lines(3)).toEqual(['life 0', 'life 1', 'life 2'])
  })

  it('is empty after a crash that nobody brings back, which is no failure', async () => {
    const { seat, lines } = await open(lasting)
    await lines(1)
    seat.crash(false)
    expect(await seat.ended).toMatchObject({ outcome: 'removed', signal: 'SIGKILL', stopped: false })
  })

  it('has the result of a life that ended by itself before it was to be killed', async () => {
    const { seat } = await open('process.exit(7)')
    expect(await seat.ended).toMatchObject({ outcome: 'crash', exitCode: 7 })
    seat.crash(true)
    seat.start(1)
    expect(await seat.ended).toMatchObject({ outcome: 'crash', exitCode: 7 })
    expect(seat.running).toBe(false)
  })

  it('is stopped, and goes on', async () => {
    const { seat, lines, steady } = await open('let n = 0; setInterval(() => { write(String(n++)) }, 20); process.on("SIGTERM", () => { success(); process.exit(0) })')
    await lines(2)
    seat.pause()
    const before = await steady()
    seat.resume()
    await lines(before + 2)
    seat.kill('SIGKILL')
    expect(await seat.ended).toMatchObject({ outcome: 'missing', stopped: true })
  })

  it('hears of the end although it is stopped, or between two lives', async () => {
    const stopped = await open('write("there"); setInterval(() => {}, 1000)')
    await stopped.lines(1)
    stopped.seat.pause()
    stopped.seat.kill('SIGTERM')
    expect(await stopped.seat.ended).toMatchObject({ outcome: 'missing', stopped: true })
    const between = await open(lasting)
    await between.lines(1)
    between.seat.crash(true)
    between.seat.kill('SIGTERM')
    expect(await between.seat.ended).toMatchObject({ outcome: 'missing', stopped: true })
  })
})
