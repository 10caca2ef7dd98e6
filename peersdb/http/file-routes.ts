import { Readable } from 'node:stream'
import * as z from 'zod'
import { withinTime } from './context.ts'
import { find } from './contribution-routes.ts'
import { cidParams, failure, fileParameters } from './schemas.ts'
import type { App, HttpContext } from './context.ts'

const mediaType = /^[\w.+-]{1,127}\/[\w.+-]{1,127}$/

/** Files: to read, to keep, to let go. */
export function addFileRoutes (app: App, context: HttpContext): void {
  const { peer } = context

  app.get('/v1/files/:cid', {
    schema: {
      summary: 'The content of a file, from this peer or any connected one',
      params: cidParams,
      querystring: fileParameters,
      response: { 200: z.any(), 304: z.null(), 404: failure }
    }
  }, async ({ params: { cid }, query: { path, offline }, headers }, reply) => {
    const tag = `"${cid}${path == null ? '' : `/${encodeURIComponent(path)}`}"`
    reply.headers({ etag: tag, 'cache-control': 'private, max-age=31536000, immutable' })

    if (headers['if-none-match']?.split(/, */).some((given) => given === tag || given === `W/${tag}`) === true) {
      return reply.code(304).send()
    }

    const contribution = find(context, cid)
    const name = path?.split('/').at(-1) ?? contribution?.name.split('/').at(-1) ?? cid
    const content = await started(peer.get(cid, { offline, path, signal: withinTime(context, reply) }))
    const told = path == null ? contribution?.mediaType ?? '' : ''
    return reply.headers({
      'content-type': mediaType.test(told) ? told : 'application/octet-stream',
      'content-disposition': dispositionOf(name),
      // A file of a stranger must not become a page of this peer.
      'x-content-type-options': 'nosniff',
      'content-security-policy': 'sandbox; default-src \'none\''
    }).send(Readable.from(content, { objectMode: false }))
  })

  app.put('/v1/pins/:cid', {
    schema: { summary: 'Fetches a file and keeps it; answers once it is held as a whole', params: cidParams, response: { 200: z.object({ cid: z.string() }), 504: failure } }
  }, async ({ params: { cid } }, reply) => {
    await peer.pin(cid, { signal: withinTime(context, reply) })
    return { cid }
  })

  app.delete('/v1/pins/:cid', {
    schema: { summary: 'Allows a file to be removed by the next garbage collection', params: cidParams, response: { 204: z.null() } }
  }, async ({ params: { cid } }, reply) => {
    await peer.unpin(cid)
    return reply.code(204).send()
  })

  app.post('/v1/garbage-collection', {
    schema: { summary: 'Removes what no pinned file, private file or log entry needs', response: { 200: z.object({ freedBytes: z.number() }) } }
  }, async (_request, reply) => ({ freedBytes: await peer.collectGarbage({ signal: withinTime(context, reply) }) }))
}

/** The same content, but its first part is there already: a file that cannot be had is an answer of its own, not a broken one. */
async function started (content: AsyncGenerator<Uint8Array>): Promise<AsyncGenerator<Uint8Array>> {
  const first = await content.next()

  return (async function * () {
    try {
      if (first.done !== true) {
        yield first.value
        yield * content
      }
    } finally {
      await content.return(undefined)
    }
  })()
}

/** RFC 6266: a plain name for old clients, and the real one as UTF-8. Neither can end the header or name a directory. */
function dispositionOf (name: string): string {
  const plain = name.replace(/[^\w. -]/g, '_').slice(0, 200)
  const exact = encodeURIComponent(name.toWellFormed().slice(0, 200).toWellFormed()).replace(/['()*]/g, (char) => `%${char.charCodeAt(0).toString(16)}`)
  return `attachment; filename="${plain}"; filename*=UTF-8''${exact}`
}
