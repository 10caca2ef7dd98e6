import { startBenchmark } from './benchmark.ts'
import { createCommands } from './commands.ts'
import { readToken } from './http/client.ts'
import { createHttpServer } from './http/server.ts'
import { openPeer } from './index.ts'
import { printable } from './printable.ts'
import { peerDestination } from './records/destination.ts'
import { startShell } from './shell.ts'
import { watchDirectory } from './watch-directory.ts'
import type { Peer } from './api.ts'
import type { DaemonOptions } from './flags.ts'

/** A peer cannot be reached as asked. */
export class ListenError extends Error {
  override name = 'ListenError'
}

export interface DaemonInit {
  options: DaemonOptions
  input: NodeJS.ReadableStream
  output: NodeJS.WritableStream
  /** For what happens in the background. */
  log: NodeJS.WritableStream
  /** A directory whose finished records are contributed. */
  records?: string
}

/**
 * Runs a peer with everything that its options ask for. Tells on `output`, one line each, its id, its addresses, its log, and the
 * URL of its HTTP interface as they become ready, then "ready".
 *
 * @returns when the signal aborts or the shell is quit, after everything was closed in the reverse order of its start
 */
export async function runDaemon (init: DaemonInit, { signal }: { signal: AbortSignal }): Promise<void> {
  const { options, output, log } = init
  const startedMs = Date.now()
  const over = new AbortController()
  const until = AbortSignal.any([signal, over.signal])
  const onFailure = (err: Error): void => {
    log.write(options.devlogs ? `${err.stack ?? err.message}\n` : `peerslab: ${printable(err.message, 1000)}\n`)
  }
  await using parts = new AsyncDisposableStack()
  const say = (line: string): void => { output.write(`${line}\n`) }
  const peer = await open(options)
  parts.defer(() => peer.close())
  logEvents(peer, options, log, onFailure)
  say(`peer ${peer.id}`)
  peer.addresses().forEach((address) => { say(`address ${address}`) })
  say(`log ${peer.logAddress}`)

  const benchmark = options.benchmark ? await startBenchmark({ peer, region: options.region, startedMs }) : undefined
  parts.defer(async () => { await benchmark?.stop() })
  const { downloadDirectory } = options

  if (options.http != null) {
    const { tokenFile, ...address } = options.http
    const token = tokenFile == null ? undefined : await readToken(tokenFile)
    const server = createHttpServer(peer, { ...address, token, downloadDirectory, benchmark, onError: onFailure })
    parts.defer(() => server.close())
    say(`http ${await server.listen()}`)
  }

  const work: Array<Promise<void>> = []
  // What failed of it has ended the daemon with its own sentence already.
  parts.defer(async () => { over.abort(); await Promise.allSettled(work) })

  if (init.records != null) {
    const onContributed = ({ name }: { name: string }, cid: string): void => { say(`contributed ${cid} ${printable(name)}`) }
    work.push(watchDirectory({ directory: init.records, destination: peerDestination(peer), onContributed, onFailure }, { signal: until }))
  }

  say('ready')
  const endings = [aborted(until), ...work]

  if (options.shell) {
    const shell = startShell(peer, { input: init.input, output, commands: createCommands({ peer, downloadDirectory, benchmark }) })
    parts.defer(() => { shell.close() })
    endings.push(shell.ended)
  }

  await Promise.race(endings)
}

async function open (options: DaemonOptions): Promise<Peer> {
  const { directory, listen, bootstrap, log, administrators, pin, sync, mdns, dht, validate, storeBytesMax } = options

  try {
    return await openPeer({ directory, listen, bootstrap, log, administrators, pin, sync, mdns, dht, validate, storeBytesMax })
  } catch (err) {
    if (/EADDRINUSE|EADDRNOTAVAIL|EACCES.*listen|UnsupportedListenAddresses/.test(`${(err as Error).name} ${describe(err)}`)) {
      throw new ListenError(`the peer cannot listen on ${listen.join(' or ')}; choose another port with --ipfs-port`, { cause: err })
    }

    throw err
  }
}

/** The messages of an error and of those that it was made of. */
function describe (err: unknown): string {
  const { message, cause, errors = [] } = err as Error & { errors?: unknown[] }
  return [message, ...[...errors, ...(cause == null ? [] : [cause])].map(describe)].join(' ')
}

function logEvents (peer: Peer, { devlogs }: DaemonOptions, log: NodeJS.WritableStream, onFailure: (err: Error) => void): void {
  peer.events.addEventListener('failure', ({ detail }) => { onFailure(detail) })

  if (devlogs) {
    for (const type of ['contribution', 'file'] as const) {
      peer.events.addEventListener(type, ({ detail }) => { log.write(`${type} ${detail.cid} ${printable(detail.name)} of ${printable(detail.contributor)}\n`) })
    }
  }
}

function aborted (signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve()
    }

    signal.addEventListener('abort', () => { resolve() }, { once: true })
  })
}
