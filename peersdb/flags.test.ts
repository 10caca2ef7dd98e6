import { describe, expect, it } from 'vitest'
import { FlagError, parseDaemonFlags, withTwoDashes } from './flags.ts'
import { InvalidInputError } from './errors.ts'
import { parseWhere } from './where.ts'

describe('flags', () => {
  it('have defaults that open nothing but the port for peers', () => {
    expect(parseDaemonFlags({}, '/work')).toEqual({
      directory: '/work/peer-data', listen: ['/ip4/127.0.0.1/tcp/4001'], administrators: '*', bootstrap: [], pin: 'nothing', sync: 'fast', mdns: false, dht: false, shell: false,
      http: undefined, benchmark: false, region: '', downloadDirectory: '~/Downloads/', devlogs: false, log: undefined, validate: undefined
    })
  })

  it('of the prototype mean what they meant', () => {
    expect(parseDaemonFlags({
      shell: true, http: true, 'ipfs-port': 4002, 'http-port': 8081, experimental: true, repo: 'mine', root: true, 'download-dir': '/tmp',
      'full-replica': true, bootstrap: [''], benchmark: true, region: 'eu'
    }, '/work')).toMatchObject({
      shell: true, http: { host: '127.0.0.1', port: 8081, origins: [] }, listen: ['/ip4/0.0.0.0/tcp/4002'], directory: '/work/mine', downloadDirectory: '/tmp',
      pin: 'everything', bootstrap: [], benchmark: true, region: 'eu'
    })
    expect(parseDaemonFlags({ bootstrap: ['192.0.2.1, 192.0.2.2', '/dns/a/tcp/1'] }).bootstrap).toEqual(['192.0.2.1', '192.0.2.2', '/dns/a/tcp/1'])
    expect(withTwoDashes(['peer', '-http', '-http-port=1', '-h', '-root', '--shell', '-x', '-nothing', '5'])).toEqual(
      ['peer', '--http', '--http-port=1', '-h', '--root', '--shell', '-x', '-nothing', '5'])
  })

  it('pin some', () => {
    expect(parseDaemonFlags({ pin: 'workload=sort,slots=8..32,size=a,size=b' }).pin).toEqual({ attributes: { workload: 'sort', slots: { min: 8, max: 32 }, size: ['a', 'b'] } })
  })

  it.each([
    [{ repo: 'a', directory: 'b' }, /^--repo and --directory do not go together: .*; keep one of them$/],
    [{ 'full-replica': true, pin: 'nothing' }, /^--full-replica and --pin do not/],
    [{ 'ipfs-port': 1, listen: ['/ip4/127.0.0.1/tcp/0'] }, /^--ipfs-port and --listen do not/],
    [{ root: true, bootstrap: ['192.0.2.1'] }, /^--root and --bootstrap do not/],
    [{ 'http-port': 1 }, /^--http-port is about the HTTP interface, which is off; add --http/],
    [{ 'http-origin': ['x'], http: false }, /^--http-origin is about/],
    [{ 'ipfs-port': 65536 }, /^--ipfs-port: .*65535/],
    [{ 'ipfs-port': NaN }, /^--ipfs-port: /],
    [{ http: true, 'http-host': '0.0.0.0' }, /^--http-host 0\.0\.0\.0 would let everyone use this peer/],
    [{ repo: ['a', 'b'] }, /^--repo is given more than once; keep one of them$/],
    [{ directory: '' }, /^--directory: must not be empty/],
    [{ validate: 'hope' }, /^--validate: /]
  ])('refuse %j', (given, sentence) => {
    expect(() => parseDaemonFlags(given)).toThrow(FlagError)
    expect(() => parseDaemonFlags(given)).toThrow(sentence)
  })
})

describe('parseWhere', () => {
  it('reads texts, choices and ranges', () => {
    expect(parseWhere(['a=1..2', 'b=..-2e3', 'c=.5..', 'd=..', 'e=x..y', 'f==', '__proto__=1'])).toEqual(Object.fromEntries<unknown>([
      ['a', { min: 1, max: 2 }], ['b', { max: -2000 }], ['c', { min: 0.5 }], ['d', '..'], ['e', 'x..y'], ['f', '='], ['__proto__', '1']
    ]))
  })

  it('refuses what is no pair', () => {
    expect(() => parseWhere(['sort'])).toThrow(InvalidInputError)
    expect(() => parseWhere(['=sort'])).toThrow('names no attribute; write <name>=<value>')
  })

  it.for([
    [{}, '127.0.0.1'], [{ bootstrap: ['127.0.0.1:4001'] }, '127.0.0.1'], [{ bootstrap: ['/ip4/127.0.0.1/tcp/4001'] }, '127.0.0.1'],
    [{ bootstrap: ['192.0.2.7'] }, '0.0.0.0'], [{ bootstrap: ['/dns4/peers.example/tcp/4001'] }, '0.0.0.0'], [{ root: true }, '0.0.0.0'],
    [{ mdns: true }, '0.0.0.0'], [{ dht: true }, '0.0.0.0']
  ] as const)('%j listen on %s', ([flags, address]) => {
    expect(parseDaemonFlags(flags).listen).toEqual([`/ip4/${address}/tcp/4001`])
  })
})
