import childProcess from 'node:child_process'
import dgram from 'node:dgram'
import dns from 'node:dns'
import fs from 'node:fs'
import net from 'node:net'
import workerThreads from 'node:worker_threads'
import zlib from 'node:zlib'
import { NotSimulatedError } from '../errors.ts'
import { replace } from './patch.ts'

/** What reaches out of the simulated world, or works on beside it, with what to do instead. */
const refused: ReadonlyArray<readonly [what: string, target: object, names: readonly string[], instead: string]> = [
  ['opens a real connection', net.Socket.prototype, ['connect'], 'use the transport of the instance context'],
  ['listens on a real socket', net.Server.prototype, ['listen'], 'use the transport of the instance context'],
  ['opens a real datagram socket', dgram, ['createSocket'], 'leave multicast and UDP out'],
  ['asks a real name server', dns, ['lookup', 'resolve', 'resolve4', 'resolve6', 'resolveTxt'], 'use addresses'],
  ['asks a real name server', dns.promises, ['lookup', 'resolve', 'resolve4', 'resolve6', 'resolveTxt'], 'use addresses'],
  ['starts a process', childProcess, ['spawn', 'fork', 'exec', 'execFile'], 'run the composition with the runner local'],
  ['starts a worker thread', workerThreads, ['Worker'], 'do the work in the instance itself'],
  ['loads a native add-on', process, ['dlopen'], 'use what Node.js brings, or the runner local'],
  ['watches files', fs, ['watch', 'watchFile', 'opendir'], 'read the directory when it is needed'],
  ['watches files', fs.promises, ['watch', 'opendir', 'glob'], 'read the directory when it is needed'],
  ['compresses on the thread pool', zlib, ['deflate', 'deflateRaw', 'gunzip', 'gzip', 'inflate', 'inflateRaw', 'unzip'], 'use the synchronous function']
]

/** Makes everything that virtual time cannot govern throw, by name. */
export function installRefusals (): void {
  for (const [what, target, names, instead] of refused) {
    for (const name of names) {
      replace(target as Record<string, unknown>, name, () => function () {
        throw new NotSimulatedError(`the plan ${what} (${name}), which a simulation cannot carry out; ${instead}`)
      })
    }
  }
}
