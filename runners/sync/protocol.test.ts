import { describe, expect, it } from 'vitest'
import { MalformedRequestError } from './errors.ts'
import { syncKeys } from './keys.ts'
import { parseRequest } from './protocol.ts'

describe('a request', () => {
  it.each([
    ['{"id":"1","publish":{"topic":"t","payload":{"b":1,"a":2}}}', { id: '1', verb: 'publish', topic: 't', payload: '"{\\"a\\":2,\\"b\\":1}"' }],
    ['{"id":"1","publish":{}}', { id: '1', verb: 'publish', topic: '', payload: '"null"' }],
    ['{"id":"1","subscribe":{"topic":"t"}}', { id: '1', verb: 'subscribe', topic: 't' }],
    ['{"id":"1","barrier":{"state":"s","target":3}}', { id: '1', verb: 'barrier', state: 's', target: 3 }],
    ['{"id":"1","barrier":{"state":"s"}}', { id: '1', verb: 'barrier', state: 's', target: 0 }],
    ['{"signal_entry":{"state":"s"}}', { id: '', verb: 'signal', state: 's' }],
    ['{"id":"1","is_cancel":true,"publish":{"topic":"t"}}', { id: '1', verb: 'cancel' }],
    ['{"id":"1","is_cancel":null}', { id: '1', verb: 'none' }]
  ])('%s', (text, request) => {
    expect(parseRequest(text)).toEqual(request)
  })

  it.each([
    ['{', 'it is not JSON'],
    ['null', 'a request must be an object'],
    ['{"barrier":[]}', '"barrier" must be an object'],
    ['{"barrier":{"target":"5"}}', '"target" must be an integer'],
    ['{"subscribe":{"topic":{}}}', '"topic" must be a string'],
    ['{"is_cancel":1}', '"is_cancel" must be true or false'],
    ['{"publish":{"payload":1e999}}', 'a number is too large for a 64-bit float']
  ])('refuses %s because %s', (text, reason) => {
    expect(() => parseRequest(text)).toThrow(new MalformedRequestError(reason))
  })
})

describe('keys', () => {
  it('are spelled as Testground\'s clients spell them', () => {
    expect(syncKeys.state('r', 'p', 'c', 'ready')).toBe('run:r:plan:p:case:c:states:ready')
    expect(syncKeys.topic('r', 'p', 'c', 'peers')).toBe('run:r:plan:p:case:c:topics:peers')
    expect(syncKeys.events('r', 'p', 'c')).toBe('run:r:plan:p:case:c:run_events')
  })
})
