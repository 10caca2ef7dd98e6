import { readFile } from 'node:fs/promises'
import * as z from 'zod'
import { HttpInitError } from './errors.ts'
import { contribution } from './schemas.ts'
import type { Cancellable } from '../api.ts'
import type { Contribution } from '../contribution.ts'

/** How long a daemon may take to begin its answer, in milliseconds. */
const answerTimeoutMs = 60_000

/** A daemon could not be asked, or refused; the message is its own sentence where it said one. */
export class DaemonError extends Error {
  override name = 'DaemonError'
}

export interface DaemonRequest extends Cancellable {
  method?: 'GET' | 'POST'
  accept?: string
  body?: Uint8Array
}

export interface DaemonClient {
  /** The answer to a request, if it is one of success. @throws {DaemonError} otherwise */
  ask (path: string, request?: DaemonRequest): Promise<Response>
}

const refusal = z.object({ error: z.string().max(10_000) })

/**
 * A client of the HTTP interface of a running daemon.
 *
 * @throws {DaemonError} where the URL is none
 */
export function createDaemonClient ({ url, token }: { url: string, token?: string }): DaemonClient {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new DaemonError(`"${url}" is no URL of a daemon; write --url http://127.0.0.1:8080`)
  }

  return {
    ask: async (path, { method = 'GET', accept = 'application/json', body, signal } = {}) => {
      const response = await send(new URL(path, url), {
        method,
        body: body as Uint8Array<ArrayBuffer> | undefined,
        headers: {
          accept,
          ...(body == null ? {} : { 'content-type': 'application/octet-stream' }),
          ...(token == null ? {} : { authorization: `Bearer ${token}` })
        }
      }, signal)

      if (!response.ok) {
        const parsed = refusal.safeParse(await response.json().catch(() => undefined))
        throw new DaemonError(`the peer at ${url} refused: ${parsed.data?.error ?? `${response.status} ${response.statusText}`}`)
      }

      return response
    }
  }
}

/** The time limit is for the answer's beginning; its content may take as long as it flows. */
async function send (url: URL, init: RequestInit, signal?: AbortSignal): Promise<Response> {
  const waiting = new AbortController()
  const timer = setTimeout(() => { waiting.abort(new Error(`no answer within ${answerTimeoutMs / 1000} s`)) }, answerTimeoutMs)

  try {
    return await fetch(url, { ...init, signal: AbortSignal.any([waiting.signal, ...(signal == null ? [] : [signal])]) })
  } catch (err) {
    signal?.throwIfAborted()
    const reason = ((err as Error).cause as Error | undefined)?.message ?? (err as Error).message
    throw new DaemonError(`no peer answers at ${url.origin} (${reason}); start one with "peerslab peer --http", or name it with --url`, { cause: err })
  } finally {
    clearTimeout(timer)
  }
}

/** The longest line of an export; a contribution is at most 64 attributes of 1 KiB, and some. */
const lineLengthMax = 256 * 1024

/** The contributions of an NDJSON export. @throws {DaemonError} where it is none */
export async function * readContributions (body: ReadableStream<Uint8Array>): AsyncGenerator<Contribution> {
  let rest = ''

  for await (const text of body.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>)) {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''

    for (const line of lines) {
      yield parseLine(line)
    }

    if (rest.length > lineLengthMax) {
      throw new DaemonError('the daemon answered with a line that is too long for a contribution; check that --url names a PeersDB peer')
    }
  }
}

function parseLine (line: string): Contribution {
  try {
    return contribution.parse(JSON.parse(line))
  } catch (err) {
    throw new DaemonError('the daemon answered with what is no contribution; check that --url names a PeersDB peer', { cause: err })
  }
}

/** @throws {HttpInitError} where it cannot be read */
export async function readToken (file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim()
  } catch (err) {
    throw new HttpInitError(`the token file ${file} cannot be read: ${(err as Error).message}; make one with "openssl rand -hex 32 > ${file}"`)
  }
}
