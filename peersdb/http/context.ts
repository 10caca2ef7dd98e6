import type { Peer } from '../api.ts'
import type { Benchmark } from '../benchmark.ts'
import type { Commands } from '../commands.ts'
import type * as fastify from 'fastify'
import type * as z from 'zod'

/** Lets a route's zod schemas give its request the types of what they parsed. */
export interface ZodTypes extends fastify.FastifyTypeProvider {
  validator: this['schema'] extends z.ZodType ? z.output<this['schema']> : unknown
}

export type App = fastify.FastifyInstance<
  fastify.RawServerDefault, fastify.RawRequestDefaultExpression, fastify.RawReplyDefaultExpression, fastify.FastifyBaseLogger, ZodTypes
>

/** What the routes work with. */
export interface HttpContext {
  peer: Peer
  commands: Commands
  benchmark?: Benchmark
  /** The most bytes of a request body: of JSON with a file in it, and of a file alone. */
  commandBytesMax: number
  fileBytesMax: number
  /** How long one operation may take, in milliseconds. */
  operationTimeoutMs: number
  /** Aborted when the interface closes. */
  closing: AbortSignal
}

/** Ends when the client is gone or the interface closes. */
export function whileConnected ({ closing }: HttpContext, reply: fastify.FastifyReply): AbortSignal {
  const gone = new AbortController()
  reply.raw.once('close', () => { gone.abort() })
  return AbortSignal.any([closing, gone.signal])
}

/** Ends when the client is gone, the interface closes, or the operation took too long. */
export function withinTime (context: HttpContext, reply: fastify.FastifyReply): AbortSignal {
  return AbortSignal.any([whileConnected(context, reply), AbortSignal.timeout(context.operationTimeoutMs)])
}
