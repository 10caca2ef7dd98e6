import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseToml, valueAt } from '../composition/toml.ts'
import { RunRequestError } from '../errors.ts'
import { testgroundHome } from '../testground-home.ts'

const endpointDefault = 'http://localhost:8042'

/** Where a daemon is, and what it wants to see of those that may use it. */
export interface Endpoint {
  readonly url: URL
  readonly token?: string
}

/**
 * The daemon that was asked for, otherwise the one that Testground's own command would use: that of `.env.toml` in its home, or
 * of this machine.
 *
 * @throws {RunRequestError | CompositionError}
 */
export function findEndpoint (asked: string | undefined, env: NodeJS.ProcessEnv = process.env): Endpoint {
  const file = join(testgroundHome(env), '.env.toml')
  const settings = existsSync(file) ? parseToml(readFileSync(file, 'utf8'), file).value : {}
  const [configured, token] = ['endpoint', 'token'].map((key) => valueAt(settings, ['client', key]))
  const text = asked ?? (typeof configured === 'string' && configured !== '' ? configured : endpointDefault)
  const url = URL.canParse(text) ? new URL(text) : undefined

  if (url == null || !['http:', 'https:'].includes(url.protocol)) {
    throw new RunRequestError(`${asked == null ? `${file}: [client] endpoint` : '--endpoint'} ${text} is no address of a daemon; write one such as ${endpointDefault}`)
  }

  return { url, ...(typeof token === 'string' && token.trim() !== '' ? { token: token.trim() } : {}) }
}
