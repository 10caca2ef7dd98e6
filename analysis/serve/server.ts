import { createReadStream } from 'node:fs'
import { lstat, mkdtemp, realpath, rm } from 'node:fs/promises'
import { isIP } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import fastify from 'fastify'
import { analyze } from '../analyze.ts'
import { ServeError } from '../errors.ts'
import { createLive } from './live.ts'
import { listPage, pagePolicy, runPage } from './pages.ts'
import { findRun, listRuns, readServedRun } from './runs.ts'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { AddressInfo } from 'node:net'
import type { ServedRun } from './runs.ts'

export interface ServeInit {
  /** The folder of run folders, or one of them. */
  folder: string
  /** By default 127.0.0.1, which nobody else reaches. */
  host?: string
  /** 0 takes a free one. */
  port: number
  /** How often a run that goes on is looked at, in ms. */
  lookEveryMs?: number
}

export interface Served {
  /** With a slash at the end. */
  readonly url: string
  /** Ends all connections. */
  close (): Promise<void>
}

const watchersMax = 50
/** What of a run folder is given out, and as what. */
const files: ReadonlyArray<readonly [RegExp, string]> = [
  [/^report\.html$/, 'text/html; charset=utf-8'],
  [/^(summary\.txt|instances\/[^/]+\/[^/]+\/\d+\/(run|results)\.out)$/, 'text/plain; charset=utf-8'],
  [/^(run|outcome|ro-crate-metadata)\.json$|^figures\/[\w-]+\.vl\.json$/, 'application/json; charset=utf-8'],
  [/^figures\/[\w-]+\.csv$/, 'text/csv; charset=utf-8'],
  [/^figures\/[\w-]+\.svg$/, 'image/svg+xml'],
  [/^figures\/[\w-]+\.png$/, 'image/png'],
  [/^figures\/[\w-]+\.pdf$/, 'application/pdf']
]

/**
 * Serves the runs of a folder to a browser: their list, one of them while it goes on, and their reports. It only reads; a
 * report that is not there yet is made in a folder of its own.
 *
 * @throws ServeError where the folder is not there, or the address cannot be had
 */
export async function serve ({ folder, host = '127.0.0.1', port, lookEveryMs = 1_000 }: ServeInit): Promise<Served> {
  const root = await realpath(folder).catch(() => { throw new ServeError(`There is no folder ${folder}: give the one that runs are written to, such as runs.`) })
  if (!(await lstat(root)).isDirectory()) throw new ServeError(`${folder} is a file: give the folder that runs are written to, such as runs.`)
  const made = await realpath(await mkdtemp(join(tmpdir(), 'peerslab-serve-')))
  const app = fastify({ forceCloseConnections: true, exposeHeadRoutes: false, routerOptions: { maxParamLength: 2_000 } })
  const closing = new AbortController()
  guard(app, host)
  addRoutes(app, { root, made, lookEveryMs, closing: closing.signal })
  const close = async (): Promise<void> => {
    closing.abort()
    await app.close()
    await rm(made, { recursive: true, force: true })
  }
  try {
    await app.listen({ host, port })
  } catch (error) {
    await close()
    throw new ServeError(`Nothing can be served on ${host} port ${port} (${(error as NodeJS.ErrnoException).code ?? (error as Error).message}): choose another --port, or 0 for a free one.`)
  }
  const { address, port: taken } = app.server.address() as AddressInfo
  return { url: `http://${isIP(address) === 6 ? `[${address}]` : address}:${taken}/`, close }
}

/** On loopback a request has to name it, for a page whose name was rebound to 127.0.0.1 names itself. */
function guard (app: FastifyInstance, host: string): void {
  app.addHook('onRequest', async ({ headers }, reply) => {
    const asked = (headers.host ?? '').replace(/:\d+$/, '')
    if (isLoopback(host) && !isLoopback(asked)) return reply.code(403).type('text/plain').send('The Host header names no loopback address: use http://127.0.0.1.\n')
    reply.headers({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'cache-control': 'no-store' })
  })
  app.setNotFoundHandler(async (_, reply) => refuse(reply))
  app.setErrorHandler(async (error: Error & { statusCode?: number }, _, reply) => {
    const code = error.statusCode ?? 500
    return reply.code(code).type('text/plain').send(code < 500 ? `${error.message}\n` : `This went wrong: ${error.message}\n`)
  })
}

/** Whether a host name or address can only be this machine. */
export function isLoopback (host: string): boolean {
  const name = host.replace(/^\[|\]$/g, '').toLowerCase()
  return name === 'localhost' || name === '::1' || (isIP(name) === 4 && name.startsWith('127.'))
}

interface Context {
  root: string
  /** Where reports are made that a run folder lacks. */
  made: string
  lookEveryMs: number
  closing: AbortSignal
}

function addRoutes (app: FastifyInstance, context: Context): void {
  const { root } = context
  const reports = new Map<string, Promise<string>>()
  let watchers = 0
  const html = (reply: FastifyReply, text: string): FastifyReply => reply.header('content-security-policy', pagePolicy).type('text/html; charset=utf-8').send(text)

  app.get('/', async (_, reply) => html(reply, listPage(await listRuns(root))))
  app.get('/runs.json', async () => (await listRuns(root)).map(({ name, state, run, outcome }) => ({ name, state, verdict: outcome?.verdict ?? null, case: run.case, runner: run.runner, seed: run.seed, startedAt: run.startedAt })))
  app.get('/run/*', async (request, reply) => {
    const { '*': rest } = request.params as { '*': string }
    const { run, file } = await findFile(root, rest)
    if (run === undefined || file.split(/[/\\]/).some((part) => part === '..' || part === '.')) return refuse(reply)
    if (file === '') return html(reply, runPage(run))
    if (file === 'events') {
      if (watchers >= watchersMax) return reply.code(503).type('text/plain').send(`${watchersMax} pages follow runs already: close one of them.\n`)
      watchers++
      const gone = new AbortController()
      reply.raw.once('close', () => {
        watchers--
        gone.abort()
      })
      const events = toEvents(run, context, AbortSignal.any([gone.signal, context.closing]))
      return reply.type('text/event-stream').send(Readable.from(events, { objectMode: false }))
    }
    return sendFile(reply, await placeOf(run, file, context, reports), file)
  })
}

/** The longest name of a run that the path begins with, and what comes after it. */
async function findFile (root: string, rest: string): Promise<{ run?: ServedRun, file: string }> {
  const parts = rest.split('/')
  for (let length = Math.min(parts.length - 1, 3); length >= 0; length--) {
    const run = await findRun(root, parts.slice(0, length).join('/'))
    if (run !== undefined) return { run, file: parts.slice(length).join('/') }
  }
  return { file: '' }
}

/** Where a file of a run is: in its folder, or, for what analysis makes, in one that it is made in now. */
async function placeOf (run: ServedRun, file: string, { made }: Context, reports: Map<string, Promise<string>>): Promise<string> {
  const own = join(run.path, file)
  if (run.state === 'going on' || !/^(report\.html|summary\.txt|figures\/.*)$/.test(file)) return own
  if ((await lstat(join(run.path, 'report.html')).catch(() => undefined)) !== undefined) return own
  const out = join(made, String(reports.size))
  const report = reports.get(run.path) ?? analyze(run.path, { out }).then(() => out)
  reports.set(run.path, report)
  return join(await report, file)
}

/** Gives a file out, unless it is none of those that are, or is reached over a link. */
async function sendFile (reply: FastifyReply, path: string, file: string): Promise<FastifyReply> {
  const type = files.find(([name]) => name.test(file))?.[1]
  const info = await lstat(path).catch(() => undefined)
  if (type === undefined || info?.isFile() !== true || await realpath(path) !== path) return refuse(reply)
  return reply.type(type).send(createReadStream(path))
}

function refuse (reply: FastifyReply): FastifyReply {
  return reply.code(404).type('text/plain').send('There is nothing of this name: see / for what there is.\n')
}

/** What a run has come to, as often as it is looked at, until it has ended or nobody listens any more. */
async function * toEvents (run: ServedRun, { root, lookEveryMs }: Context, signal: AbortSignal): AsyncGenerator<string> {
  const live = createLive()
  let last = ''
  for (let now = run; !signal.aborted; now = await readServedRun(root, run.path)) {
    const state = JSON.stringify(await live.look(now))
    yield state === last ? ': as before\n\n' : `event: state\ndata: ${state}\n\n`
    last = state
    if (now.state !== 'going on') return
    await elapsed(lookEveryMs, signal)
  }
}

async function elapsed (ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  signal.addEventListener('abort', () => { resolve() }, { once: true })
  await promise
  clearTimeout(timer)
}
