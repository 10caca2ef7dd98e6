import { createHash, timingSafeEqual } from 'node:crypto'
import { isIP } from 'node:net'
import { HttpInitError, RequestError } from './errors.ts'
import type { App } from './context.ts'

export interface GuardInit {
  host: string
  /** What a client has to show as `Authorization: Bearer <token>`. */
  token?: string
  /** The origins (`https://example.org`, or `*`) whose pages may use this interface from a browser. */
  origins: readonly string[]
}

const tokenLengthMin = 16
/** Tells that the peer is alive and nothing else of it, so that probes of an orchestrator need neither name nor token. */
export const healthPath = '/health'

/** Whether a host name or address can only be this machine. */
export function isLoopback (host: string): boolean {
  const name = host.replace(/^\[|\]$/g, '').toLowerCase()
  return name === 'localhost' || name === '::1' || (isIP(name) === 4 && name.startsWith('127.'))
}

/** @throws {HttpInitError} where others could use the interface without showing a token */
export function checkGuard ({ host, token }: GuardInit): void {
  if (token == null && !isLoopback(host)) {
    throw new HttpInitError(`the HTTP interface on ${host} would be open to everyone who reaches it; give --http-token-file, or leave out --http-host`)
  }

  if (token != null && (token.length < tokenLengthMin || !/^[\x21-\x7e]+$/.test(token))) {
    throw new HttpInitError(`the HTTP token must be at least ${tokenLengthMin} visible ASCII characters; make one with "openssl rand -hex 32"`)
  }
}

/**
 * Refuses, before anything else of a request is looked at:
 *
 * - on loopback without a token, requests that name another host, which is how a page whose name was rebound to 127.0.0.1 arrives;
 * - requests of web pages (they bear an origin) other than those allowed, because a browser sends them along with no one's consent;
 * - requests without the token, where there is one. Both are hashed, so that the comparison takes the same time for any length.
 *
 * Whoever asks for `healthPath` without being a web page is answered.
 */
export function addGuard (app: App, { token, origins }: GuardInit): void {
  const expected = token == null ? undefined : digest(`Bearer ${token}`)

  app.addHook('onRequest', async (request, reply) => {
    const { origin, host = '', authorization = '' } = request.headers

    if (request.method === 'GET' && request.url === healthPath && origin == null) {
      return
    }

    if (expected == null && !isLoopback(host.replace(/:\d+$/, ''))) {
      throw new RequestError(403, 'the Host header names no loopback address; use http://127.0.0.1, or start the peer with --http-token-file')
    }

    if (origin != null && origin !== `http://${host}`) {
      allowOrigin(origin, origins)
      reply.headers({ 'access-control-allow-origin': origin, vary: 'Origin' })

      if (request.method === 'OPTIONS') {
        return reply.headers({
          'access-control-allow-methods': 'GET, POST, PUT, DELETE',
          'access-control-allow-headers': 'Content-Type, Authorization',
          'access-control-max-age': '600'
        }).code(204).send()
      }
    }

    if (expected != null && !timingSafeEqual(expected, digest(authorization))) {
      reply.header('www-authenticate', 'Bearer')
      throw new RequestError(401, 'the request lacks the token of this peer; send "Authorization: Bearer <token>"')
    }
  })
}

function allowOrigin (origin: string, origins: readonly string[]): void {
  if (!origins.includes(origin) && !origins.includes('*')) {
    throw new RequestError(403, `pages of ${origin.slice(0, 200)} may not use this peer; allow them with --http-origin`)
  }
}

function digest (text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
