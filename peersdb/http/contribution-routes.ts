import { Readable } from 'node:stream'
import * as z from 'zod'
import { FileNotFoundError } from '../errors.ts'
import { attributeNames, toCsv, toNdjson } from '../formats.ts'
import { whileConnected, withinTime } from './context.ts'
import { RequestError } from './errors.ts'
import { cidParams, contributeParameters, contribution, failure, page, queryParameters, strategy, toAttributes, toQuery } from './schemas.ts'
import type { Query } from '../api.ts'
import type { Contribution } from '../contribution.ts'
import type { App, HttpContext } from './context.ts'
import type { FastifyReply } from 'fastify'

const pageLimitMax = 1000
/** What clients say when they do not know what they send. */
const vagueTypes = ['application/octet-stream', 'application/x-www-form-urlencoded']

/** Contributions: to list, to describe, to make, to publish, to validate. */
export function addContributionRoutes (app: App, context: HttpContext): void {
  const { peer } = context

  app.get('/v1/contributions', {
    schema: {
      summary: 'The contributions that match: a page as JSON; or all of them, where text/csv or application/x-ndjson is asked for',
      querystring: queryParameters,
      response: { 200: page, 400: failure }
    }
  }, async ({ query: parameters, headers: { accept = '' } }, reply) => {
    const query = toQuery(parameters)

    if (/text\/csv|application\/x-ndjson/.test(accept)) {
      return exportAll(context, query, reply, accept.includes('text/csv') ? 'text/csv' : 'application/x-ndjson')
    }

    return peer.page({ ...query, limit: Math.min(query.limit ?? 100, pageLimitMax) })
  })

  app.get('/v1/contributions/:cid', {
    schema: { summary: 'The first contribution of a file', params: cidParams, response: { 200: contribution, 404: failure } }
  }, async ({ params: { cid } }) => {
    const found = find(context, cid)

    if (found == null) {
      throw new FileNotFoundError(`no contribution of ${cid} is known here; it may not have arrived yet`)
    }

    return found
  })

  addContribute(app, context)

  app.post('/v1/contributions/:cid/publish', {
    schema: { summary: 'Moves a private contribution into the shared log, which cannot be undone', params: cidParams, response: { 200: contribution, 404: failure } }
  }, async ({ params: { cid } }, reply) => peer.publish(cid, { signal: withinTime(context, reply) }))

  app.post('/v1/contributions/:cid/validate', {
    schema: {
      summary: 'Finds out whether a contribution is good',
      params: cidParams,
      querystring: z.strictObject({ strategy: strategy.optional() }),
      response: { 200: z.looseObject({ cid: z.string(), verdict: z.enum(['valid', 'invalid', 'undecided']), reasons: z.array(z.string()) }), 404: failure }
    }
  }, async ({ params: { cid }, query }, reply) => peer.validate(cid, { ...query, signal: withinTime(context, reply) }))
}

/** The first contribution of a file, shared or private. */
export function find ({ peer }: HttpContext, cid: string): Contribution | undefined {
  const query = { cid, order: 'ascending', limit: 1 } as const
  return peer.page(query).contributions[0] ?? peer.page({ ...query, visibility: 'private' }).contributions[0]
}

function addContribute (app: App, context: HttpContext): void {
  // In a scope of its own, so that the body of this route alone comes as a stream, whatever its type.
  void app.register(async (scope: App) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, payload, done) => { done(null, payload) })
    scope.post('/v1/contributions', {
      schema: {
        summary: 'Contributes the body as a file',
        consumes: ['application/octet-stream'],
        querystring: contributeParameters,
        response: { 201: contribution, 400: failure, 413: failure }
      }
    }, async ({ query, body, headers }, reply) => {
      if (!(body instanceof Readable)) {
        throw new RequestError(400, 'the request has no body; send the file\'s content with a Content-Type')
      }

      const [type = ''] = (headers['content-type'] ?? '').split(';')
      const made = await context.peer.contribute(bounded(body, headers['content-length'], context.fileBytesMax), {
        name: query.name,
        attributes: toAttributes(query),
        mediaType: query.media_type ?? (type === '' || vagueTypes.includes(type) ? undefined : type),
        private: query.private,
        signal: withinTime(context, reply)
      })
      return reply.code(201).header('location', `/v1/contributions/${made.cid}`).send(made)
    })
  })
}

/** A body that is too large is refused by what it announces, or else once it is. */
async function * bounded (body: Readable, contentLength: string | undefined, bytesMax: number): AsyncGenerator<Uint8Array> {
  const check = (bytes: number): void => {
    if (bytes > bytesMax) {
      throw new RequestError(413, `the file is larger than the ${bytesMax} bytes that this peer takes by HTTP; contribute it from a path`)
    }
  }
  let bytes = 0
  check(Number(contentLength ?? 0))

  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length
    check(bytes)
    yield chunk
  }
}

/** Streams what is known at this moment; what arrives during the export, and could have further columns, is not in it. */
async function exportAll (context: HttpContext, query: Query, reply: FastifyReply, type: 'text/csv' | 'application/x-ndjson'): Promise<FastifyReply> {
  const { peer } = context
  const signal = whileConnected(context, reply)

  if (type !== 'text/csv') {
    return reply.type(type).send(Readable.from(toNdjson(peer.query(query, { signal })), { objectMode: false }))
  }

  const known = new Set<string>()
  const remember = async function * (): AsyncGenerator<Contribution> {
    for await (const found of peer.query(query, { signal })) {
      known.add(found.hash)
      yield found
    }
  }
  const attributes = await attributeNames(remember())
  const again = async function * (): AsyncGenerator<Contribution> {
    for await (const found of peer.query(query, { signal })) {
      if (known.has(found.hash)) {
        yield found
      }
    }
  }
  return reply.type('text/csv; charset=utf-8; header=present').send(Readable.from(toCsv(again(), attributes), { objectMode: false }))
}
