import swagger from '@fastify/swagger'
import fastify from 'fastify'
import * as z from 'zod'
import { createCommands } from '../commands.ts'
import { addCommandRoutes } from './command-routes.ts'
import { addContributionRoutes } from './contribution-routes.ts'
import { answerTo, HttpInitError, RequestError } from './errors.ts'
import { addFileRoutes } from './file-routes.ts'
import { addGuard, checkGuard } from './guard.ts'
import { addPeerRoutes } from './peer-routes.ts'
import { addWatchRoute } from './watch-route.ts'
import type { Peer } from '../api.ts'
import type { Benchmark } from '../benchmark.ts'
import type { App, HttpContext } from './context.ts'
import type { AddressInfo, Socket } from 'node:net'

const mebibyte = 1024 * 1024

export interface HttpServerInit {
  /** By default 127.0.0.1. Any other than a loopback address needs a token. */
  host?: string
  /** By default 8080; 0 takes a free one. */
  port?: number
  token?: string
  /** The origins whose web pages may use this interface; by default none. */
  origins?: string[]
  /** Where the command `get` writes files. */
  downloadDirectory: string
  /** Absent where measuring is off. */
  benchmark?: Benchmark
  /** The most bytes of a command that carries a file as base64; by default 96 MiB. */
  commandBytesMax?: number
  /** The most bytes of a file that is contributed as a stream; by default 1 GiB. */
  fileBytesMax?: number
  /** How long one operation may take, in milliseconds; by default 10 minutes. */
  operationTimeoutMs?: number
  /** Told of every answer that is the peer's fault (500). */
  onError?: (err: Error) => void
}

export interface HttpServer {
  /** Resolves with the URL once requests are answered. @throws {HttpInitError} where the address cannot be had */
  listen (): Promise<string>
  /** Ends all connections. */
  close (): Promise<void>
  /** Without a slash at the end; known once it listens. */
  readonly url: string
}

/**
 * The HTTP interface of a peer: the prototype's two routes, and `/v1`.
 *
 * @throws {HttpInitError} where others could use it without a token
 */
export function createHttpServer (peer: Peer, init: HttpServerInit): HttpServer {
  const { host = '127.0.0.1', port = 8080, token, origins = [], benchmark, onError } = init
  const guard = { host, token, origins }
  checkGuard(guard)
  const closing = new AbortController()
  const app = createApp()
  const context: HttpContext = {
    peer,
    benchmark,
    commands: createCommands({ peer, downloadDirectory: init.downloadDirectory, benchmark }),
    commandBytesMax: init.commandBytesMax ?? 96 * mebibyte,
    fileBytesMax: init.fileBytesMax ?? 1024 * mebibyte,
    operationTimeoutMs: init.operationTimeoutMs ?? 10 * 60_000,
    closing: closing.signal
  }

  addGuard(app, guard)
  addErrors(app, onError)
  addDescription(app)
  // Routes are added once the description listens for them.
  void app.register(async (routes: App) => {
    [addCommandRoutes, addContributionRoutes, addFileRoutes, addPeerRoutes, addWatchRoute].forEach((add) => { add(routes, context) })
    routes.get('/v1/openapi.json', { schema: { summary: 'This interface as OpenAPI 3.1' } }, async () => app.swagger())
  })

  return {
    get url () { return urlOf(app) },
    listen: async () => {
      try {
        await app.listen({ host, port })
      } catch (err) {
        throw listenError(err as NodeJS.ErrnoException, host, port)
      }

      return urlOf(app)
    },
    close: async () => {
      closing.abort()
      await app.close()
    }
  }
}

/** Bodies are JSON whatever their type says, as the prototype has it; the guard sees to what browsers send by themselves. */
function createApp (): App {
  const app = fastify({
    bodyLimit: mebibyte,
    // A client that sends or takes nothing for two minutes, or a whole hour over one request, is gone.
    connectionTimeout: 120_000,
    requestTimeout: 3_600_000,
    http: { headersTimeout: 30_000 },
    forceCloseConnections: true,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: 200 },
    clientErrorHandler: refuseMalformed
  }).withTypeProvider() as unknown as App

  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => {
    try {
      done(null, body === '' ? undefined : JSON.parse(body as string))
    } catch (err) {
      done(new RequestError(400, `the request's body is no JSON: ${(err as Error).message}`))
    }
  })
  app.setValidatorCompiler<z.ZodType>(({ schema, httpPart }) => (value) => {
    const parsed = schema.safeParse(value ?? {})
    return parsed.success ? { value: parsed.data } : { error: new RequestError(400, sentenceOf(parsed.error, httpPart)) }
  })
  app.setSerializerCompiler(() => (value) => JSON.stringify(value))
  return app
}

function sentenceOf ({ issues: [issue] }: z.ZodError, part = 'request'): string {
  return `${part} ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'is malformed'}; /v1/openapi.json shows how it is written`
}

function addErrors (app: App, onError: HttpServerInit['onError']): void {
  app.setErrorHandler((err: Error, _request, reply) => {
    const { statusCode, error } = answerTo(err)

    if (statusCode === 500) {
      onError?.(err)
    }

    if (statusCode === 413) {
      // The rest of the body is not read.
      reply.header('connection', 'close')
    }

    return reply.code(statusCode).type('application/json').send({ error })
  })

  const known: Array<{ method: string, pattern: RegExp }> = []
  app.addHook('onRoute', ({ method, url }) => {
    const pattern = new RegExp(`^${url.replace(/:\w+/g, '[^/]+').replaceAll('.', '\\.')}$`);
    [method].flat().forEach((name) => { known.push({ method: name, pattern }) })
  })
  app.setNotFoundHandler((request, reply) => {
    const [path = ''] = request.url.split('?')
    const methods = known.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method)
    const what = `${request.method} ${path.slice(0, 200)}`
    return methods.length > 0
      ? reply.code(405).header('allow', methods.join(', ')).send({ error: `${what}: this path takes ${methods.join(' or ')}` })
      : reply.code(404).send({ error: `${what}: there is no such path; /v1/openapi.json lists those that there are` })
  })
}

/** What is no HTTP gets the same kind of answer as what is. */
function refuseMalformed (err: Error & { code?: string }, socket: Socket): void {
  if (socket.writable) {
    const [status, error] = err.code === 'HPE_HEADER_OVERFLOW'
      ? ['431 Request Header Fields Too Large', 'the request\'s headers are too large; shorten them']
      : err.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? ['408 Request Timeout', 'the request did not arrive in time; send it again']
        : ['400 Bad Request', 'the request is no HTTP/1.1; send it with an HTTP client']
    const body = JSON.stringify({ error })
    socket.end(`HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`)
  } else {
    socket.destroy(err)
  }
}

function addDescription (app: App): void {
  void app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'PeersDB',
        version: '1',
        description: 'Contributions can be filtered and given attributes by query parameters `attributes.<name>`: a text, several of them, or a range of numbers `lo..hi`.'
      },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } }
    },
    transform: ({ schema, url }) => ({
      url,
      schema: Object.fromEntries(Object.entries(schema ?? {}).map(([part, value]) => [part, part === 'response' ? mapValues(value as object) : toJsonSchema(value)]))
    })
  })
}

function mapValues (responses: object): object {
  return Object.fromEntries(Object.entries(responses).map(([status, schema]) => [status, toJsonSchema(schema)]))
}

function toJsonSchema (value: unknown): unknown {
  return value instanceof z.ZodType ? z.toJSONSchema(value, { io: 'input', unrepresentable: 'any' }) : value
}

function urlOf (app: App): string {
  const address = app.server.address() as AddressInfo | null

  if (address == null) {
    throw new HttpInitError('the HTTP interface does not listen yet; its URL is known after listen()')
  }

  return `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`
}

function listenError (err: NodeJS.ErrnoException, host: string, port: number): Error {
  const reasons: Record<string, string> = {
    EADDRINUSE: 'another program uses it; choose another with --http-port',
    EACCES: 'this user may not use it; choose one above 1023 with --http-port',
    EADDRNOTAVAIL: 'this machine has no such address; choose another with --http-host',
    ENOTFOUND: 'there is no such host; choose another with --http-host'
  }
  const reason = reasons[err.code ?? '']
  return reason == null ? err : new HttpInitError(`the HTTP interface cannot listen on ${host}:${port}: ${reason}`, { cause: err })
}
