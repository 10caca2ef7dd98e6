/**
 * A program in a process of its own, for it replaces time and chance for good: installs a world, runs one of its scenarios
 * as an actor, and prints what came out as JSON. Run as `node world.test-helper.ts <scenario> <seed>`.
 */
import { startAudit } from './audit.ts'
import { installWorld } from './install.ts'
import type { World } from './install.ts'

const [, , name = '', seed = '1'] = process.argv
const realNowMs = performance.now.bind(performance)
const realSetTimeout = globalThis.setTimeout
const startedMs = realNowMs()
const costs = { eventMs: 0.5, signMs: 2, verifyMs: 3, bytesMsPerMebibyte: 10 }
const world = await installWorld({ seed, paced: name === 'paced', costs: name === 'charges' ? costs : undefined })
// What takes time and chance from Node.js gets them from here on.
const { default: crypto } = await import('node:crypto')
const { default: fs } = await import('node:fs')
const { open, readFile } = await import('node:fs/promises')
const { setTimeout: delay, setInterval: every, setImmediate: immediate } = await import('node:timers/promises')
const { promisify } = await import('node:util')
const { tmpdir } = await import('node:os')
const { join } = await import('node:path')

const message = (work: () => unknown): string => {
  try {
    work()
    return 'nothing was thrown'
  } catch (err) {
    return `${(err as Error).name}: ${(err as Error).message}`
  }
}

async function timers (): Promise<unknown> {
  const log: Array<[text: string, ms: number]> = []
  const note = (text: string): void => { log.push([text, performance.now()]) }
  setTimeout(note, 3_600_000, 'an hour')
  setTimeout(note, 2.9, 'truncated')
  setTimeout(note, 0, 'at least 1')
  setImmediate(note, 'immediate')
  const interval = setInterval(() => {
    note('interval')
    if (performance.now() >= 30) clearInterval(interval)
  }, 10)
  const number = Number(setTimeout(note, 5, 'cleared by its number'))
  clearTimeout(number)
  const refreshed = setTimeout(note, 10, 'refreshed')
  setTimeout(() => { refreshed.refresh() }, 7)
  await delay(50)
  await immediate()
  note('delayed')
  await promisify(setTimeout)(10)
  for await (const value of every(5, 'tick')) { note(value); break }
  const controller = new AbortController()
  setTimeout(() => { controller.abort() }, 4)
  await delay(1_000, undefined, { signal: controller.signal }).catch((err: Error) => { note(err.name) })
  await new Promise<void>((resolve) => { AbortSignal.timeout(20).onabort = () => { resolve() } })
  note('timed out')
  await delay(3_600_000)
  return log
}

async function dates (): Promise<unknown> {
  await delay(1_234)
  const [seconds, nanoseconds] = process.hrtime([0, 500_000_000])
  return {
    now: Date.now(), date: new Date().toISOString(), given: new Date(0).toISOString(), text: Date().slice(0, 15),
    isDate: new Date() instanceof Date && fs.statSync(process.execPath).mtime instanceof Date, constructor: new Date().constructor === Date,
    performance: performance.now(), hrtime: [seconds, nanoseconds], bigint: String(process.hrtime.bigint()), uptime: process.uptime()
  }
}

async function native (): Promise<unknown> {
  const log: Array<[text: string, ms: number]> = []
  const note = (text: string) => (): void => { log.push([text, performance.now()]) }
  const file = process.execPath
  const work = [
    readFile(import.meta.filename).then(note('read')),
    crypto.subtle.digest('SHA-256', new Uint8Array(50_000_000)).then(note('digest')),
    fs.promises.stat(file).then(note('stat')),
    new Promise<void>((resolve) => { fs.readFile(file, () => { note('callback')(); resolve() }) }),
    open(import.meta.filename).then(async (handle) => {
      await handle.read(Buffer.alloc(10))
      await handle.close()
      note('handle')()
    }),
    fs.promises.rm('/nowhere', { recursive: true, force: true }).then(note('rm')),
    new Promise<void>((resolve) => { fs.rm('/nowhere', { recursive: true, force: true }, () => { note('rm callback')(); resolve() }) }),
    fs.promises.cp('/nowhere', '/nowhere-else').catch(note('cp')),
    (async () => {
      // What Node.js does within one piece of work is no piece of its own.
      const directory = await fs.promises.mkdtemp(join(tmpdir(), 'peerslab-world-'))
      await fs.promises.writeFile(join(directory, 'file'), 'text', { flush: true })
      await fs.promises.rm(directory, { recursive: true })
      note('written and removed')()
    })(),
    readFile('/nowhere').catch((err: NodeJS.ErrnoException) => { note(err.code ?? '')() }),
    delay(1).then(note('1 ms later'))
  ]
  await Promise.all(work)
  return log
}

async function chance (): Promise<unknown> {
  const jwk = { publicKeyEncoding: { type: 'spki', format: 'jwk' }, privateKeyEncoding: { type: 'pkcs8', format: 'jwk' } } as never
  const ofActor = (actor: string): unknown => world.runAs(world.createActor(actor), () => ({
    math: Math.random(),
    bytes: crypto.randomBytes(5).toString('hex'),
    values: [...globalThis.crypto.getRandomValues(new Uint8Array(3))],
    uuid: globalThis.crypto.randomUUID(),
    int: crypto.randomInt(5, 1_000_000),
    filled: [...crypto.randomFillSync(new Uint8Array(4), 1, 2)],
    ed25519: crypto.generateKeyPairSync('ed25519', jwk),
    x25519: crypto.generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' })
  }))
  const { privateKey, publicKey } = crypto.generateKeyPairSync('ed25519')
  const signature = crypto.sign(null, Buffer.from('data'), privateKey)
  const verify = (data: string): Promise<boolean> => new Promise((resolve) => {
    crypto.verify(null, Buffer.from(data), publicKey, signature, (_, valid) => { resolve(valid) })
  })
  return {
    a: ofActor('a'), b: ofActor('b'),
    verified: [await verify('data'), await verify('data'), await verify('date'), await verify('date')],
    atOnce: ['data', 'data', 'date'].map((data) => crypto.verify(null, Buffer.from(data), publicKey, signature)),
    refused: [
      message(() => crypto.generateKeyPairSync('rsa', { modulusLength: 2048 })),
      message(() => crypto.createECDH('secp256k1')),
      message(() => void crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign']))
    ]
  }
}

async function refusals (): Promise<unknown> {
  world.close()
  const [net, dgram, dns, childProcess, threads, zlib] = await Promise.all([
    import('node:net'), import('node:dgram'), import('node:dns'), import('node:child_process'), import('node:worker_threads'), import('node:zlib')
  ])
  return [
    () => net.connect(1, '127.0.0.1'), () => net.createServer().listen(0), () => dgram.createSocket('udp4'), () => { dns.lookup('localhost', () => {}) },
    () => childProcess.spawn('true'), () => new threads.Worker('nothing.js'), () => { process.dlopen({ exports: {} }, 'nothing.node') },
    () => { zlib.gzip('text', () => {}) }, () => fs.watch('.')
  ].map(message)
}

async function paced (): Promise<unknown> {
  const beforeMs = realNowMs()
  await delay(60)
  return { slept: performance.now() >= 60, really: realNowMs() - beforeMs >= 60 }
}

/** How far the actor's own clock goes on within one event, by what it computes. */
async function charges (): Promise<unknown> {
  const { privateKey, publicKey } = crypto.generateKeyPairSync('ed25519')
  const signature = crypto.sign(null, Buffer.from('data'), privateKey)
  const cipher = crypto.createCipheriv('chacha20-poly1305', Buffer.alloc(32), Buffer.alloc(12), { authTagLength: 16 })
  const work = {
    sign: () => { crypto.sign(null, Buffer.from('data'), privateKey) },
    verify: () => { crypto.verify(null, Buffer.from('data'), publicKey, signature) },
    // It is known by now, which costs no less.
    again: () => { crypto.verify(null, Buffer.from('data'), publicKey, signature) },
    hash: () => { crypto.createHash('sha256').update(Buffer.alloc(2 ** 19)) },
    encrypt: () => { cipher.update(Buffer.alloc(2 ** 18)) }
  }
  return Object.fromEntries(Object.entries(work).map(([what, compute]) => {
    const beforeMs = performance.now()
    compute()
    return [what, performance.now() - beforeMs]
  }))
}

/** What an audit says of things that virtual time governs, and of things that it does not. */
async function audit (): Promise<unknown> {
  const endGoverned = startAudit()
  await delay(10)
  await readFile(process.execPath)
  const handle = await open(process.execPath)
  await handle.close()
  await promisify(fs.stat)(process.execPath)
  await crypto.subtle.digest('SHA-256', new Uint8Array(10))
  const { privateKey } = crypto.generateKeyPairSync('ed25519')
  crypto.sign(null, Buffer.from('data'), privateKey)
  await new Promise((resolve) => { crypto.sign(null, Buffer.from('data'), privateKey, resolve) })
  await new Promise((resolve) => { process.nextTick(resolve) })
  await new Promise<void>((resolve) => { queueMicrotask(resolve) })
  const governed = endGoverned()
  const endUngoverned = startAudit()
  const { port1, port2 } = new MessageChannel()
  await new Promise((resolve) => {
    port1.onmessage = resolve
    port2.postMessage('from nowhere')
  })
  port1.close()
  await new Promise((resolve) => { realSetTimeout(resolve, 1) })
  await new Promise((resolve) => { crypto.scrypt('password', 'salt', 16, resolve) })
  const ungoverned = endUngoverned()
  return { governed, ungoverned: ungoverned.map(({ type }) => type).sort(), stack: ungoverned[0]?.stack }
}

const scenarios: Record<string, (world: World) => Promise<unknown>> = { timers, dates, native, chance, refusals, paced, charges, audit }
const { promise, resolve, reject } = Promise.withResolvers<unknown>()
world.scheduler.at(0, () => { (scenarios[name] ?? (() => Promise.reject(new Error(`no scenario ${name}`))))(world).then(resolve, reject) }, world.createActor('one'))
promise.then(() => { world.scheduler.stop('done') }, () => { world.scheduler.stop('done') })
await world.scheduler.run()
// What virtual time does not govern goes on when nothing is left to happen in it.
const result = await promise
process.stdout.write(JSON.stringify({ result, realMs: realNowMs() - startedMs }))
process.exit(0)
