import { MalformedRequestError } from './errors.ts'
import { goJson, goString } from './json.ts'

/** One request of a client, reduced to the one verb that the service carries out. */
export type SyncRequest = { id: string } & (
  | { verb: 'cancel' }
  | { verb: 'publish', topic: string, payload: string }
  | { verb: 'subscribe', topic: string }
  | { verb: 'barrier', state: string, target: number }
  | { verb: 'signal', state: string }
  | { verb: 'none' }
)

type Fields = Map<string, unknown>

/** Go matches the names of fields without regard to case; of two spellings the later one wins. */
function fieldsOf (value: unknown, place: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new MalformedRequestError(`${place} must be an object`)
  }
  return new Map(Object.entries(value).map(([name, field]) => [name.toLowerCase(), field]))
}

function nested (fields: Fields, name: string): Fields | undefined {
  const value = fields.get(name) ?? undefined
  return value === undefined ? undefined : fieldsOf(value, `"${name}"`)
}

function stringField (fields: Fields, name: string): string {
  const value = fields.get(name) ?? ''
  if (typeof value !== 'string') throw new MalformedRequestError(`"${name}" must be a string`)
  return value.toWellFormed()
}

function integerField (fields: Fields, name: string): number {
  const value = fields.get(name) ?? 0
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw new MalformedRequestError(`"${name}" must be an integer`)
  return value
}

function booleanField (fields: Fields, name: string): boolean {
  const value = fields.get(name) ?? false
  if (typeof value !== 'boolean') throw new MalformedRequestError(`"${name}" must be true or false`)
  return value
}

function parseJson (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new MalformedRequestError('it is not JSON')
  }
}

/**
 * Reads one request. Testground decodes the whole message first and then serves the first verb of publish,
 * subscribe, barrier, signal_entry; so a wrong type is refused even in a verb that would not be served.
 *
 * @throws MalformedRequestError when Testground would close the connection with 1007
 */
export function parseRequest (text: string): SyncRequest {
  const fields = fieldsOf(parseJson(text), 'a request')
  const id = stringField(fields, 'id')
  const isCancel = booleanField(fields, 'is_cancel')
  const publish = nested(fields, 'publish')
  const subscribe = nested(fields, 'subscribe')
  const barrier = nested(fields, 'barrier')
  const signal = nested(fields, 'signal_entry')

  const verbs: Array<SyncRequest | undefined> = [
    publish && { id, verb: 'publish', topic: stringField(publish, 'topic'), payload: encodePayload(publish.get('payload')) },
    subscribe && { id, verb: 'subscribe', topic: stringField(subscribe, 'topic') },
    barrier && { id, verb: 'barrier', state: stringField(barrier, 'state'), target: integerField(barrier, 'target') },
    signal && { id, verb: 'signal', state: stringField(signal, 'state') }
  ]
  if (isCancel) return { id, verb: 'cancel' }
  return verbs.find((request) => request !== undefined) ?? { id, verb: 'none' }
}

/**
 * A payload in the form in which topics keep it: a JSON string that holds JSON. Subscribers are sent it just so,
 * and it is encoded once however many they are.
 */
export function encodePayload (payload: unknown): string {
  return goString(goJson(payload))
}

/** The inverse of {@link encodePayload}; each call makes a fresh value. */
export function decodePayload (encoded: string): unknown {
  return JSON.parse(JSON.parse(encoded) as string)
}

function response (id: string, error: string, publish: string, subscribe: string, signal: string): string {
  return `{"id":${goString(id)},"error":${goString(error)},"publish":${publish},"subscribe":${subscribe},"signal_entry":${signal}}\n`
}

/** The five forms of an answer; each carries all five fields and ends in a line feed, as Go's encoder writes them. */
export const reply = {
  published: (id: string, seq: number): string => response(id, '', `{"seq":${seq}}`, '""', 'null'),
  signalled: (id: string, seq: number): string => response(id, '', 'null', '""', `{"seq":${seq}}`),
  reached: (id: string): string => response(id, '', 'null', '""', 'null'),
  /** @param encoded a payload as {@link encodePayload} made it */
  message: (id: string, encoded: string): string => response(id, '', 'null', encoded, 'null'),
  failed: (id: string, error: string): string => response(id, error, 'null', '""', 'null')
}
