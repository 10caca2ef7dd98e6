import * as z from 'zod'
import { commandArguments } from '../commands.ts'
import { withinTime } from './context.ts'
import { RequestError } from './errors.ts'
import { failure } from './schemas.ts'
import type { Cancellable } from '../api.ts'
import type { CommandName } from '../commands.ts'
import type { App, HttpContext } from './context.ts'
import type { FastifyReply } from 'fastify'

/** What the prototype's clients send. `file` is base64 (RFC 4648, section 4) and only of `post`. */
const commandBody = z.object({
  method: z.object({ cmd: z.enum(Object.keys(commandArguments) as [CommandName]), argcnt: z.number().int() }),
  args: z.array(z.string().max(4096)).max(16).nullish(),
  file: z.string().nullish()
})

type Command = z.output<typeof commandBody>

/** The routes of the prototype: `POST /peersdb/command` and `/peersdb/benchmarks`. */
export function addCommandRoutes (app: App, context: HttpContext): void {
  app.post('/peersdb/command', {
    bodyLimit: context.commandBytesMax,
    schema: {
      summary: 'The commands of the PeersDB prototype: get, post, connect, query, benchmark',
      body: commandBody,
      response: { 200: z.union([z.string(), z.array(z.unknown()), z.looseObject({})]), 400: failure }
    }
  }, async ({ body }, reply) => sendJson(reply, await run(context, body, { signal: withinTime(context, reply) })))

  app.route({
    method: ['GET', 'POST'],
    url: '/peersdb/benchmarks',
    schema: {
      summary: 'What this peer and each connected one measured of themselves, times in seconds; those that did not answer, with the reason',
      response: { 200: z.array(z.unknown()), 404: failure }
    },
    handler: async (_request, reply) => {
      if (context.benchmark == null) {
        throw new RequestError(404, 'this peer does not measure itself; start it with --benchmark')
      }

      return context.benchmark.all({ signal: withinTime(context, reply) })
    }
  })
}

/** A text is a JSON text here, as in the prototype. */
function sendJson (reply: FastifyReply, answer: unknown): FastifyReply {
  return reply.type('application/json').send(JSON.stringify(answer))
}

function run ({ commands }: HttpContext, body: Command, options: Cancellable): Promise<unknown> | unknown {
  const { method: { cmd }, args, file } = body
  const [first = ''] = checkArguments(body)

  switch (cmd) {
    case 'get': return commands.get(first, options)
    case 'connect': return commands.connect(first, options)
    case 'query': return commands.query(options)
    case 'benchmark': return commands.benchmark()
    case 'post': return commands.post(decodeFile(file), { ...options, name: args?.[0]?.split(/[\\/]/).at(-1) || 'file' })
  }
}

/** The file of `post` is its one argument; a name may stand in `args`. */
function checkArguments ({ method: { cmd, argcnt }, args }: Command): string[] {
  const expected = commandArguments[cmd]
  const given = args ?? []
  const fits = cmd === 'post' ? given.length <= 1 : given.length === expected

  if (argcnt !== expected || !fits) {
    throw new RequestError(400, `the command ${cmd} takes ${expected} argument${expected === 1 ? '' : 's'}, here argcnt is ${argcnt} and args has ${given.length}; make them agree`)
  }

  return given
}

function decodeFile (file: string | null | undefined): Uint8Array {
  const base64 = file?.replace(/[\r\n]/g, '')

  if (base64 == null || base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) {
    throw new RequestError(400, `the "file" of the command post ${file == null ? 'is missing' : 'is no base64'}; send the content of the file as base64`)
  }

  return Buffer.from(base64, 'base64')
}
