import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import * as z from 'zod'
import { RunRequestError } from '../errors.ts'
import { readChunks } from './chunks.ts'
import { DaemonRefusalError } from './errors.ts'
import type { IncomingMessage } from 'node:http'
import type { Chunk } from './chunks.ts'
import type { Endpoint } from './endpoint.ts'

/** A daemon answers at once, but for logs and archives. */
const answerTimeoutMs = 15_000

const taskSchema = z.looseObject({
  id: z.string(),
  states: z.array(z.looseObject({ state: z.string() })).min(1),
  error: z.string().nullish(),
  composition: z.unknown(),
  result: z.looseObject({
    outcome: z.string().nullish(),
    outcomes: z.record(z.string(), z.object({ ok: z.number(), total: z.number() }).nullable()).nullish()
  }).nullish().catch(null)
})

/** What the daemon knows of a run (testground, pkg/task/task.go). */
export type Task = z.infer<typeof taskSchema>

/** Testground's daemon over its HTTP interface (testground, pkg/client). Whatever fails rejects with a `DaemonRefusalError`. */
export interface Daemon {
  readonly endpoint: string
  /**
   * Makes sure that a daemon is there which speaks this protocol.
   *
   * @throws {RunRequestError}
   */
  check (): Promise<void>
  /** Hands over a run; `parts` is a multipart body whose boundary is `boundary`. Resolves with the id of its task. */
  queue (parts: AsyncIterable<Buffer | string>, boundary: string, signal: AbortSignal): Promise<string>
  /** The log of a task from its beginning until it ends, and then the task as a result. */
  logs (taskId: string, signal: AbortSignal): AsyncIterable<Chunk>
  /** A task; undefined where the daemon knows none. */
  task (taskId: string): Promise<Task | undefined>
  /** The archive of what a task left. */
  outputs (taskId: string, engine: string, signal: AbortSignal): AsyncIterable<Chunk>
  /** Ends a task. */
  kill (taskId: string): Promise<void>
}

export function connectDaemon ({ url, token }: Endpoint): Daemon {
  const endpoint = url.href.replace(/\/$/, '')
  const post = (path: string, body: unknown, signal: AbortSignal): Promise<IncomingMessage> =>
    ask({ endpoint, token, method: 'POST', path, body: [JSON.stringify(body)], type: 'application/json', signal })

  async function * stream (path: string, body: unknown, signal: AbortSignal): AsyncGenerator<Chunk> {
    const response = await post(path, body, signal)

    try {
      yield * readChunks(response)
    } catch (err) {
      signal.throwIfAborted()
      throw err instanceof DaemonRefusalError ? err : lost(endpoint, err as Error)
    }
  }

  async function briefly<T> (work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const signal = AbortSignal.timeout(answerTimeoutMs)

    try {
      return await work(signal)
    } catch (err) {
      throw signal.aborted ? new DaemonRefusalError(`the daemon at ${endpoint} did not answer within ${answerTimeoutMs / 1000} s`) : err
    }
  }

  return {
    endpoint,
    check: async () => {
      try {
        await briefly((signal) => resultOf(stream('/tasks', { types: ['run'], states: ['processing'] }, signal)))
      } catch (err) {
        throw notUsable(endpoint, err as Error)
      }
    },
    queue: async (parts, boundary, signal) => {
      const type = `multipart/related; boundary=${boundary}`
      const id = await resultOf(readChunks(await ask({ endpoint, token, method: 'POST', path: '/run', body: parts, type, signal })))

      if (typeof id !== 'string' || !/^[\w-]{1,64}$/.test(id)) {
        throw new DaemonRefusalError(`the daemon at ${endpoint} took the run but named no task; is it Testground v0.6.0?`)
      }

      return id
    },
    logs: (taskId, signal) => stream('/logs', { task_id: taskId, follow: true, cancel_with_context: false }, signal),
    task: async (taskId) => {
      const value = await briefly((signal) => resultOf(stream('/status', { task_id: taskId }, signal), true))
      return value == null ? undefined : readTask(value)
    },
    outputs: (taskId, engine, signal) => stream('/outputs', { runner: engine, run_id: taskId }, signal),
    kill: (taskId) => briefly(async (signal) => {
      const path = `/kill?task_id=${encodeURIComponent(taskId)}`
      const response = await ask({ endpoint, token, method: 'GET', path, body: [], signal, anyType: true })
      response.destroy()
    })
  }
}

/** Reads a task as the daemon tells it. @throws {DaemonRefusalError} */
export function readTask (value: unknown): Task {
  const parsed = taskSchema.safeParse(value)

  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new DaemonRefusalError(`the daemon tells of a task what Testground v0.6.0 would not: ${issue?.path.join('.') ?? 'it'} is ${issue?.message ?? 'malformed'}`)
  }

  return parsed.data
}

async function resultOf (chunks: AsyncIterable<Chunk>, mayLack = false): Promise<unknown> {
  for await (const chunk of chunks) {
    if (chunk.kind === 'error') {
      throw new DaemonRefusalError(`the daemon says: ${chunk.message}`)
    }

    if (chunk.kind === 'result') {
      return chunk.value
    }
  }

  if (!mayLack) {
    throw new DaemonRefusalError('the daemon ended its answer without a result')
  }

  return undefined
}

interface Question {
  readonly endpoint: string
  readonly token?: string | undefined
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body: AsyncIterable<Buffer | string> | Iterable<string>
  readonly type?: string
  readonly signal: AbortSignal
  /** Whether anything may be answered, as a page for people. */
  readonly anyType?: boolean
}

/** Not `fetch`: that gives up a response which says nothing for some minutes, as the log of a quiet run does. */
async function ask ({ endpoint, token, method, path, body, type, signal, anyType = false }: Question): Promise<IncomingMessage> {
  const send = endpoint.startsWith('https:') ? requestHttps : requestHttp
  const headers = { ...(type == null ? {} : { 'Content-Type': type }), ...(token == null ? {} : { Authorization: `Bearer ${token}` }) }
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const request = send(`${endpoint}${path}`, { method, headers, signal, agent: false }, resolve)
  request.once('error', reject)

  try {
    // A daemon may answer, and refuse, before it has read all.
    const sent = pipeline(Readable.from(body), request)
    sent.catch(() => {})
    const response = await Promise.race([promise, sent.then(() => promise)])
    return accept(response, endpoint, path, anyType)
  } catch (err) {
    signal.throwIfAborted()
    throw err instanceof DaemonRefusalError ? err : lost(endpoint, err as Error)
  }
}

function accept (response: IncomingMessage, endpoint: string, path: string, anyType: boolean): IncomingMessage {
  const { statusCode = 0 } = response
  const type = response.headers['content-type'] ?? 'no content type'
  const problem = statusCode === 403 || statusCode === 401
    ? `the daemon at ${endpoint} wants a token; write it as token = "…" below [client] in .env.toml of Testground's home`
    : statusCode >= 300
      ? `${endpoint}${path} answers with status ${statusCode}, which Testground v0.6.0 does not`
      : !anyType && !type.startsWith('application/json')
          ? `${endpoint}${path} answers with ${type}, where Testground v0.6.0 answers with application/json`
          : undefined

  if (problem != null) {
    response.destroy()
    throw new DaemonRefusalError(problem)
  }

  return response
}

function lost (endpoint: string, err: Error): DaemonRefusalError {
  const { code = err.message } = err as NodeJS.ErrnoException
  return new DaemonRefusalError(`the connection to the daemon at ${endpoint} was lost (${code})`, { cause: err })
}

/** What a daemon that cannot be used needs: to be there, to be of that version, or to be told a token. */
function notUsable (endpoint: string, err: Error): RunRequestError {
  const cure = 'start one with "testground daemon" (docs/testground.md says how to get it), or name another one with --endpoint'
  const { code } = (err.cause ?? {}) as NodeJS.ErrnoException

  if (code != null) {
    return new RunRequestError(`no Testground daemon answers at ${endpoint} (${code}); ${cure}`)
  }

  return new RunRequestError(err.message.includes('wants a token') ? err.message : `there is no Testground daemon of version 0.6 at ${endpoint}: ${err.message}; ${cure}`)
}
