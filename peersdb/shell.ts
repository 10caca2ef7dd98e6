import { createInterface } from 'node:readline/promises'
import { commandArguments } from './commands.ts'
import { printable } from './printable.ts'
import type { Peer } from './api.ts'
import type { Commands } from './commands.ts'

export interface ShellInit {
  input: NodeJS.ReadableStream
  output: NodeJS.WritableStream
  commands: Commands
  /** How long one command may take, in milliseconds; by default 10 minutes. */
  operationTimeoutMs?: number
}

export interface Shell {
  /** Resolves when the user quits, or the input ends. */
  readonly ended: Promise<void>
  close (): void
}

const help = `get <cid>            write a file to the download directory
post <file>          contribute a file or directory
connect <address>    connect to a peer: a multiaddr, a host, or host:port
query                list all contributions
benchmark            what this peer measured of itself
status               what this peer is and holds
help                 show this list
quit                 end the shell, and the peer
`

/** Line commands for people (and for programs: without a terminal there is no prompt). A command ends before the next one begins. */
export function startShell (peer: Peer, init: ShellInit): Shell {
  const { input, output } = init
  const interactive = 'isTTY' in output && output.isTTY === true
  const lines = createInterface({ input, output, prompt: '> ', terminal: interactive })
  const prompt = (): void => {
    if (interactive && !ended.signal.aborted) {
      lines.prompt()
    }
  }
  const ended = new AbortController()
  lines.once('close', () => { ended.abort() })
  const closing = new AbortController()

  const serve = async (): Promise<void> => {
    prompt()

    for await (const line of lines) {
      const words = splitWords(line)

      if (words[0] === 'quit') {
        return
      }

      const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(init.operationTimeoutMs ?? 600_000)])
      output.write(await run(peer, init.commands, words, signal))
      prompt()
    }
  }

  return {
    ended: serve().finally(() => { lines.close() }),
    close: () => {
      closing.abort()
      lines.close()
    }
  }
}

async function run (peer: Peer, commands: Commands, [name = '', ...args]: string[], signal: AbortSignal): Promise<string> {
  try {
    if (name === '') {
      return ''
    }

    if (Object.hasOwn(commandArguments, name) && args.length !== commandArguments[name as keyof typeof commandArguments]) {
      return `the command ${name} takes ${commandArguments[name as keyof typeof commandArguments]} argument(s), not ${args.length}; "help" shows how it is written\n`
    }

    return await answer(peer, commands, name, args[0] ?? '', signal)
  } catch (err) {
    const { name: kind, message } = err as Error
    return `${kind === 'TimeoutError' ? `the command ${name} did not finish in time; try it again` : printable(message, 2000)}\n`
  }
}

async function answer (peer: Peer, commands: Commands, name: string, first: string, signal: AbortSignal): Promise<string> {
  switch (name) {
    case 'get': return `${await commands.get(first, { signal })}\n`
    case 'post': return `${await commands.post({ path: first }, { signal })}\n`
    case 'connect': return `${await commands.connect(first, { signal })}\n`
    case 'query': return (await commands.query({ signal }))
      .map(({ path, contributor, creationTS }) => `${creationTS} ${path} ${printable(contributor)}\n`).join('')
    case 'benchmark': return `${JSON.stringify(commands.benchmark())}\n`
    case 'status': return `${JSON.stringify(peer.status(), null, 2)}\n`
    case 'help': return help
    default: return `"${printable(name, 40)}" is no command; "help" lists them\n`
  }
}

/** Words are separated by spaces; quotes keep a file name with spaces together. */
function splitWords (line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, double, single, plain]) => double ?? single ?? plain ?? '')
}
