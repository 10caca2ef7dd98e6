import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InvalidInputError } from '../errors.ts'
import { parseAddress, resolveAddress } from './addresses.ts'
import { ConnectError } from './errors.ts'
import type { Lookup } from './addresses.ts'

const id = '12D3KooWGzxzKZYveHXtpG6AsrUJBcWxHBFS2HsEoGTxrMLvKXtf'

async function resolved (text: string, lookup?: Lookup): Promise<string[]> {
  return (await resolveAddress(parseAddress(text), { lookup })).map(String)
}

describe('an address of a peer', () => {
  it.each([
    ['127.0.0.1', '/ip4/127.0.0.1/tcp/4001'],
    [' 127.0.0.1:80 ', '/ip4/127.0.0.1/tcp/80'],
    [`10.0.0.1:80/p2p/${id}`, `/ip4/10.0.0.1/tcp/80/p2p/${id}`],
    ['::1', '/ip6/::1/tcp/4001'],
    ['[2001:db8::1]:65535', '/ip6/2001:db8::1/tcp/65535'],
    ['/ip4/1.2.3.4/tcp/5', '/ip4/1.2.3.4/tcp/5'],
    [`/ip4/1.2.3.4/tcp/5/p2p/${id}`, `/ip4/1.2.3.4/tcp/5/p2p/${id}`],
    ['/dns4/example.org/tcp/443/wss', '/dns4/example.org/tcp/443/wss']
  ])('%s is dialled at %s', async (text, expected) => {
    expect(await resolved(text)).toEqual([expected])
  })

  it('with a name is dialled at all addresses that the name has', async () => {
    const asked: unknown[] = []
    const lookup: Lookup = async (host, family) => {
      asked.push([host, family])
      return [{ address: '192.0.2.1', family: 4 }, { address: '2001:db8::2', family: 6 }]
    }
    expect(await resolved('root.example', lookup)).toEqual(['/ip4/192.0.2.1/tcp/4001', '/ip6/2001:db8::2/tcp/4001'])
    expect(await resolved(`/dns6/root.example/tcp/7/p2p/${id}`, lookup)).toEqual([`/ip4/192.0.2.1/tcp/7/p2p/${id}`, `/ip6/2001:db8::2/tcp/7/p2p/${id}`])
    expect(asked).toEqual([['root.example', 0], ['root.example', 6]])
    expect(parseAddress(`root.example/p2p/${id}`).peerId).toBe(id)
  })

  it('may be localhost, by the resolver of the system', async () => {
    const addresses = await resolved('localhost:4002')
    expect(addresses.every((address) => ['/ip4/127.0.0.1/tcp/4002', '/ip6/::1/tcp/4002'].includes(address))).toBe(true)
    expect(addresses).not.toEqual([])
  })

  it.each([
    '', '/', '//', 'two words', 'http://example.org', 'host:0', 'host:65536', 'host:', ':4001', '1.2.3', '1.2.3.4.5', '4001', '[::1', '[host]:1',
    'fe80::1%eth0', '/ip4/1.2.3.4/tcp/99999', '/ip4/1.2.3.4/tcp/5/p2p/nonsense', 'host/p2p/nonsense', '-x.example', `${'a'.repeat(64)}.example`, 'x'.repeat(2_000)
  ])('is not %j', (text) => {
    expect(() => parseAddress(text)).toThrow(InvalidInputError)
    expect(() => parseAddress(text)).toThrow(/is not a multiaddr; it looks like \/ip4\//)
  })

  it('is either parsed or refused in a sentence, whatever was typed', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[[\]:./p2\da-f%]{0,30}$/)), (text) => {
      try {
        expect(parseAddress(text).text).toBe(text.trim())
      } catch (err) {
        expect(err).toBeInstanceOf(InvalidInputError)
      }
    }))
  })
})

describe('a name', () => {
  it('that does not resolve fails with its spelling and the reason', async () => {
    const resolving = resolved('nowhere.invalid:1', async () => { throw new Error('ENOTFOUND') })
    await expect(resolving).rejects.toThrow(ConnectError)
    await expect(resolving).rejects.toThrow('the name "nowhere.invalid" in "nowhere.invalid:1" could not be resolved (ENOTFOUND); check its spelling and the DNS')
  })

  it('is not waited for longer than the caller wants', async () => {
    const reason = new Error('enough')
    const never = () => new Promise<never>(() => {})
    await expect(resolveAddress(parseAddress('host'), { lookup: never, signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })
})
