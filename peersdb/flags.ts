import { resolve } from 'node:path'
import * as z from 'zod'
import { isLoopback } from './http/guard.ts'
import { strategyNames } from './strategy-names.ts'
import { parseWhere } from './where.ts'
import type { PinPolicy } from './api.ts'
import type { StrategyName } from './validation/verdict.ts'

/** The flags of a daemon cannot be understood together; the message names them and the cure. */
export class FlagError extends Error {
  override name = 'FlagError'
}

export interface Flag {
  readonly type: 'boolean' | 'string' | 'number'
  readonly describe: string
  readonly array?: true
  /** Every value is preceded by the flag. */
  readonly nargs?: 1
  readonly choices?: readonly string[]
}

/** Every flag of a daemon. The first thirteen are those of the PeersDB prototype. */
export const daemonFlags = {
  shell: { type: 'boolean', describe: 'read commands from the standard input: get, post, connect, query, benchmark, status' },
  http: { type: 'boolean', describe: 'offer the HTTP interface' },
  'ipfs-port': { type: 'number', describe: 'TCP port for other peers [4001]; on loopback alone, unless --root, --bootstrap, --mdns or --dht ask for others' },
  'http-port': { type: 'number', describe: 'TCP port of the HTTP interface; 0 takes a free one [8080]' },
  experimental: { type: 'boolean', describe: 'accepted for the prototype\'s sake; nothing depends on it' },
  repo: { type: 'string', describe: 'the prototype\'s name for --directory' },
  devlogs: { type: 'boolean', describe: 'log every contribution and file, and failures in full, to the standard error' },
  root: { type: 'boolean', describe: 'start a network that others can join: listens on all interfaces, refuses --bootstrap' },
  'download-dir': { type: 'string', describe: 'where the command get writes files [~/Downloads/]' },
  'full-replica': { type: 'boolean', describe: 'fetch and keep every file: short for --pin everything' },
  bootstrap: { type: 'string', array: true, nargs: 1, describe: 'a peer to join: multiaddr, host, or host:port; may be repeated' },
  benchmark: { type: 'boolean', describe: 'measure this peer, and answer /peersdb/benchmarks' },
  region: { type: 'string', describe: 'where this peer is, for its measurements' },
  directory: { type: 'string', describe: 'where the peer keeps everything, its identity included [peer-data]' },
  listen: { type: 'string', array: true, nargs: 1, describe: 'a multiaddr to listen on, instead of --ipfs-port; may be repeated' },
  'http-host': { type: 'string', describe: 'address of the HTTP interface; any but loopback needs a token [127.0.0.1]' },
  'http-token-file': { type: 'string', describe: 'a file with the token that HTTP clients must show' },
  'http-origin': { type: 'string', array: true, nargs: 1, describe: 'an origin whose web pages may use the HTTP interface; may be repeated' },
  log: { type: 'string', describe: 'name or address (/orbitdb/...) of the contributions log [contributions]' },
  administrator: { type: 'string', array: true, nargs: 1, describe: 'a peer id that decides who may write to a new log; may be repeated [everyone writes]' },
  pin: { type: 'string', describe: 'which files to fetch and keep: everything, nothing, or those of workload=sort,slots=8..32 [nothing]' },
  sync: { type: 'string', choices: ['fast', 'stock'], describe: 'how entries and files travel: PeersDB\'s own protocol, or OrbitDB\'s and Bitswap [fast]' },
  mdns: { type: 'boolean', describe: 'find peers on the local network' },
  dht: { type: 'boolean', describe: 'take part in a DHT of PeersDB peers' },
  'store-bytes-max': { type: 'number', describe: 'the most bytes that the directory may take [as many as the disk has]' },
  validate: { type: 'string', choices: strategyNames, describe: 'how contributions are judged; self-eager judges all that arrive [self-lazy]' }
} as const satisfies Record<string, Flag>

export interface HttpOptions {
  host: string
  port: number
  tokenFile?: string
  origins: string[]
}

/** What a daemon is to do, as parsed from its flags. */
export interface DaemonOptions {
  directory: string
  listen: string[]
  bootstrap: string[]
  log?: string
  administrators: '*' | string[]
  pin: PinPolicy
  storeBytesMax?: number
  sync: 'fast' | 'stock'
  mdns: boolean
  dht: boolean
  validate?: StrategyName
  shell: boolean
  /** Absent where the HTTP interface is off. */
  http?: HttpOptions
  benchmark: boolean
  region: string
  downloadDirectory: string
  devlogs: boolean
}

const port = z.number().int().min(0).max(65535).optional()
const text = z.string().min(1, 'must not be empty').optional()
const texts = z.array(z.string()).default([])
const flag = z.boolean().optional()
const schema = z.object({
  shell: flag, http: flag, experimental: flag, devlogs: flag, root: flag, 'full-replica': flag, benchmark: flag, mdns: flag, dht: flag,
  'ipfs-port': port, 'http-port': port,
  repo: text, directory: text, 'download-dir': text, 'http-host': text, 'http-token-file': text, log: text, pin: text,
  region: z.string().max(256).optional(), sync: z.enum(['fast', 'stock']).optional(), validate: z.enum(strategyNames).optional(),
  bootstrap: texts, listen: texts, 'http-origin': texts, administrator: texts, 'store-bytes-max': z.number().int().positive().optional()
})

type Flags = z.output<typeof schema>

/** Pairs that cannot be had together, with the cure. */
const conflicts: Array<[one: keyof Flags, other: keyof Flags, cure: string]> = [
  ['repo', 'directory', 'they name the same thing; keep one of them'],
  ['full-replica', 'pin', 'the first means --pin everything; keep one of them'],
  ['ipfs-port', 'listen', 'the port can be part of the multiaddr; keep one of them'],
  ['root', 'bootstrap', 'the first starts a network and the second joins one; keep one of them']
]
const partsOfHttp = ['http-port', 'http-host', 'http-token-file', 'http-origin'] as const

/**
 * Parses flags as the command line gave them, by name; what was not given is undefined or absent.
 *
 * @param workingDirectory what relative paths are relative to
 * @throws {FlagError} naming the flag, or the two that do not go together, and the cure
 */
export function parseDaemonFlags (given: Record<string, unknown>, workingDirectory = process.cwd()): DaemonOptions {
  const parsed = schema.safeParse(given)

  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    const name = String(issue?.path[0])
    throw new FlagError(Array.isArray(given[name]) && issue?.path.length === 1
      ? `--${name} is given more than once; keep one of them`
      : `--${name}: ${issue?.message}; "peerslab peer --help" shows how it is written`)
  }

  const flags = parsed.data
  // An empty --bootstrap is how the prototype's scripts say that there is none.
  const bootstrap = flags.bootstrap.flatMap((peers) => peers.split(',')).map((peer) => peer.trim()).filter((peer) => peer !== '')
  const absolute = (path: string): string => /^~(?=\/|$)/.test(path) ? path : resolve(workingDirectory, path)
  refuseConflicts({ ...flags, bootstrap })

  return Object.freeze({
    directory: absolute(flags.directory ?? flags.repo ?? 'peer-data'),
    listen: flags.listen.length > 0 ? flags.listen : [`/ip4/${meetsOthers(flags, bootstrap) ? '0.0.0.0' : '127.0.0.1'}/tcp/${flags['ipfs-port'] ?? 4001}`],
    bootstrap,
    log: flags.log,
    administrators: flags.administrator.length > 0 ? flags.administrator : '*' as const,
    storeBytesMax: flags['store-bytes-max'],
    pin: flags['full-replica'] === true ? 'everything' : parsePin(flags.pin),
    sync: flags.sync ?? 'fast',
    mdns: flags.mdns ?? false,
    dht: flags.dht ?? false,
    validate: flags.validate,
    shell: flags.shell ?? false,
    http: flags.http === true ? httpOptions(flags, absolute) : undefined,
    benchmark: flags.benchmark ?? false,
    region: flags.region ?? '',
    downloadDirectory: absolute(flags['download-dir'] ?? '~/Downloads/'),
    devlogs: flags.devlogs ?? false
  })
}

/** Whether the flags ask for peers on other machines; without that, nobody there can reach this one. */
function meetsOthers (flags: Flags, bootstrap: readonly string[]): boolean {
  const isHere = (address: string): boolean => /^(\/ip4\/|\/ip6\/|\/dns[46]?\/|\[)?(127\.|::1|localhost)/.test(address)
  return flags.root === true || flags.mdns === true || flags.dht === true || !bootstrap.every(isHere)
}

function refuseConflicts (flags: Flags): void {
  const isGiven = (name: keyof Flags): boolean => {
    const value = flags[name]
    return value != null && value !== false && !(Array.isArray(value) && value.length === 0)
  }

  for (const [one, other, cure] of conflicts) {
    if (isGiven(one) && isGiven(other)) {
      throw new FlagError(`--${one} and --${other} do not go together: ${cure}`)
    }
  }

  const lone = partsOfHttp.find((name) => isGiven(name) && flags.http !== true)

  if (lone != null) {
    throw new FlagError(`--${lone} is about the HTTP interface, which is off; add --http, or leave it out`)
  }
}

function httpOptions (flags: Flags, absolute: (path: string) => string): HttpOptions {
  const { 'http-host': host, 'http-token-file': tokenFile } = flags

  if (host != null && !isLoopback(host) && tokenFile == null) {
    throw new FlagError(`--http-host ${host} would let everyone use this peer who reaches it; add --http-token-file, or leave it out`)
  }

  return {
    host: host ?? '127.0.0.1',
    port: flags['http-port'] ?? 8080,
    tokenFile: tokenFile == null ? undefined : absolute(tokenFile),
    origins: flags['http-origin']
  }
}

function parsePin (pin = 'nothing'): PinPolicy {
  return pin === 'everything' || pin === 'nothing' ? pin : { attributes: parseWhere(pin.split(',')) }
}

/** The prototype's flags have one dash (`-http`), which would otherwise be read as letters (`-h -t -t -p`). */
export function withTwoDashes (args: readonly string[]): string[] {
  return args.map((arg) => {
    const name = /^-([a-z][a-z-]+)(?:=|$)/.exec(arg)?.[1]
    return name != null && Object.hasOwn(daemonFlags, name) ? `-${arg}` : arg
  })
}
