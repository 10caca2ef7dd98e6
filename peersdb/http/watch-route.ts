import { Readable } from 'node:stream'
import { whileConnected } from './context.ts'
import { RequestError } from './errors.ts'
import { failure, filterParameters, toFilter } from './schemas.ts'
import type { Change } from '../api.ts'
import type { App, HttpContext } from './context.ts'

/** A quiet connection says something so often, so that nothing on the way takes it for dead. */
const keepAliveMs = 15_000
const watchersMax = 100

/** `GET /v1/watch`: server-sent events (HTML standard, section 9.2) named `contribution` and `file`, from now on. */
export function addWatchRoute (app: App, context: HttpContext): void {
  let watchers = 0

  app.get('/v1/watch', {
    schema: { summary: 'What changes from now on, as server-sent events', produces: ['text/event-stream'], querystring: filterParameters, response: { 400: failure } }
  }, async ({ query }, reply) => {
    const filter = toFilter(query)

    if (watchers >= watchersMax) {
      throw new RequestError(503, `${watchersMax} clients watch this peer already; close one of them`)
    }

    watchers++
    reply.raw.once('close', () => { watchers-- })
    const changes = context.peer.watch(filter, { signal: whileConnected(context, reply) })
    return reply
      .headers({ 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
      .send(Readable.from(toEvents(changes), { objectMode: false }))
  })
}

async function * toEvents (changes: AsyncGenerator<Change>): AsyncGenerator<string> {
  // Asked for before anything is said, so that nothing is missed once the client has heard that it watches.
  let next = changes.next()
  yield ': watching\n\n'

  while (true) {
    const quiet = Promise.withResolvers<undefined>()
    const timer = setTimeout(quiet.resolve, keepAliveMs)
    const result = await Promise.race([next, quiet.promise])
    clearTimeout(timer)

    if (result == null) {
      yield ': still watching\n\n'
      continue
    }

    if (result.done === true) {
      return
    }

    const { type, contribution } = result.value
    next = changes.next()
    yield `event: ${type}\nid: ${contribution.hash}\ndata: ${JSON.stringify(contribution)}\n\n`
  }
}
