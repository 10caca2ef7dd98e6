/** The peer as a program of one file, for a container: takes the flags of `peerslab peer`, and ends in good order when it is told to. */
import { parseArgs } from 'node:util'
import { runDaemon } from './daemon.ts'
import { daemonFlags, FlagError, parseDaemonFlags, withTwoDashes } from './flags.ts'
import type { Flag } from './flags.ts'

/** The exit codes of `peerslab`, as far as a peer has them. */
const usageError = 64
const broke = 70

/** Flags by name, with the values that their types ask for; one that is given twice is left to be refused. */
function readFlags (args: readonly string[]): Record<string, unknown> {
  const flags: Record<string, Flag> = daemonFlags
  const options = Object.fromEntries(Object.entries(flags).map(([name, { type }]) =>
    [name, { type: type === 'boolean' ? 'boolean' as const : 'string' as const, multiple: true }]))

  try {
    const { values } = parseArgs({ args: withTwoDashes(args), options })
    return Object.fromEntries(Object.entries(values).map(([name, given]) => {
      const read = (given as Array<string | boolean>).map((value) => flags[name]?.type === 'number' ? Number(value) : value)
      return [name, flags[name]?.array === true || read.length > 1 ? read : read[0]]
    }))
  } catch (err) {
    throw new FlagError((err as Error).message)
  }
}

const told = new AbortController()

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => { told.abort() })
}

try {
  const options = parseDaemonFlags(readFlags(process.argv.slice(2)))
  await runDaemon({ options, input: process.stdin, output: process.stdout, log: process.stderr }, { signal: told.signal })
} catch (err) {
  const { name, message, stack = message } = err as Error
  const isRefusal = name !== 'Error' && !/^(Type|Range|Reference|Syntax)Error$/.test(name)
  process.stderr.write(`peersdb: ${isRefusal ? message : stack}\n`)
  process.exitCode = isRefusal ? usageError : broke
}
