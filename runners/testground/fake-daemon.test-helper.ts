import { once } from 'node:events'
import { createServer } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { gzipSync, inflateRawSync } from 'node:zlib'
import { pack } from 'tar-stream'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** The part of a request that tests look at. */
export interface FakeRequest {
  readonly composition: {
    readonly global: Record<string, unknown>
    readonly groups: readonly FakeGroup[]
    readonly runs: ReadonlyArray<{ id: string }>
  }
  readonly build_groups: readonly number[]
  readonly run_ids: readonly string[]
  readonly manifest: Record<string, unknown>
  /** The files of the archive of the plan; undefined where there was none. */
  readonly files?: ReadonlyMap<string, Buffer>
}

interface FakeGroup {
  readonly id: string
  readonly instances: { readonly count: number }
  readonly run: { readonly artifact: string, readonly test_params: Record<string, string> }
}

/** How a run under the fake daemon goes; what is not said goes well. */
export interface FakeRun {
  /** Lines of the daemon's log, as `[level, message, fields]`, before those of the instances. */
  readonly log?: ReadonlyArray<readonly [string, string, object?]>
  /** What an instance leaves, by file; undefined: nothing. */
  readonly left?: (group: string, index: number) => Readonly<Record<string, string>> | undefined
  /** What the log says of an instance: headings with texts. */
  readonly said?: (group: string, index: number) => ReadonlyArray<readonly [string, string]>
  readonly exitCode?: (group: string, index: number) => number
  readonly outcome?: string
  readonly error?: string
  /** It goes on until it is killed. */
  readonly hangs?: boolean
  /** The log is cut once, after so many lines. */
  readonly cutsLogAfter?: number
  /** Changes the archive before it is sent. */
  readonly archive?: (whole: Buffer) => Buffer
  /** Further entries of the archive. */
  readonly entries?: ReadonlyArray<{ name: string, content?: string, type?: 'file' | 'symlink', linkname?: string }>
  /** The task as a daemon of another version would tell it. */
  readonly task?: (task: Record<string, unknown>) => Record<string, unknown>
}

export interface FakeDaemon {
  readonly endpoint: string
  readonly requests: readonly FakeRequest[]
  readonly killed: readonly string[]
  close (): Promise<void>
}

export const event = (kind: string, more: object = {}, ts = 1_700_000_000_000_000_000n): string =>
  `{"event":${JSON.stringify({ [`${kind}_event`]: { group: 'peers', ...more } })},"level":"info","message":"","ts":${ts}}\n`

export const wentWell = { 'run.out': event('start') + event('success'), 'results.out': '' }

/** A daemon that speaks Testground's protocol, and runs nothing. */
export async function startFakeDaemon (behave: (request: FakeRequest) => FakeRun = () => ({}), token?: string): Promise<FakeDaemon> {
  const requests: FakeRequest[] = []
  const killed: string[] = []
  const runs = new Map<string, Known>()
  const server = createServer((request, response) => {
    void answer(request, response).catch((err: Error) => { response.destroy(err) })
  })

  async function answer (request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://daemon')
    const body = await buffer(request)

    if (token != null && request.headers.authorization !== `Bearer ${token}`) {
      response.writeHead(403).end()
      return
    }

    if (pathname === '/kill') {
      killed.push(searchParams.get('task_id') ?? '')
      response.writeHead(200, { 'Content-Type': 'text/html' }).end('killed')
      return
    }

    response.writeHead(200, { 'Content-Type': 'application/json' })

    if (pathname === '/tasks') {
      response.end('{"t":114,"p":null}')
    } else if (pathname === '/run') {
      const read = readRequest(body, request.headers['content-type'] ?? '')
      const id = `task${requests.push(read)}`
      runs.set(id, { request: read, run: behave(read), cut: false })
      response.end(chunk('r', id))
    } else {
      const { task_id: id = '', run_id: run = id } = JSON.parse(body.toString()) as { task_id?: string, run_id?: string }
      await answerAbout(pathname, run, runs.get(run), killed.includes(run), response)
    }
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    killed,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    }
  }
}

interface Known { readonly request: FakeRequest, readonly run: FakeRun, cut: boolean }

async function answerAbout (
  path: string, id: string, known: Known | undefined, isKilled: boolean, response: ServerResponse
): Promise<void> {
  if (known == null) {
    response.end(chunk('p', 'could not fetch status\n'))
    return
  }

  const { request, run } = known
  const task = taskOf(id, request, run, isKilled)

  if (path === '/status') {
    response.end(chunk('r', task))
  } else if (path === '/outputs') {
    const archive = await archiveOf(id, request, run)

    for (let at = 0; at < archive.length; at += 1000) {
      response.write(chunk('b', archive.subarray(at, at + 1000)))
    }

    response.end(chunk('r', true))
  } else {
    const lines = logOf(request, run)
    const cut = known.cut ? undefined : run.cutsLogAfter
    known.cut = true
    lines.slice(0, cut).forEach((line) => { response.write(chunk('p', line)) })

    if (cut != null) {
      // Not before it was sent: what is destroyed at once may send nothing.
      response.write('', () => { response.destroy() })
    } else if (run.hangs !== true) {
      response.end(chunk('r', task))
    }
  }
}

function chunk (kind: 'p' | 'b' | 'r', payload: unknown): string {
  const p = kind === 'r' ? payload : Buffer.from(payload as string | Buffer).toString('base64')
  return JSON.stringify({ t: kind.charCodeAt(0), p })
}

function instancesOf ({ composition: { groups } }: FakeRequest): Array<[string, number]> {
  return groups.flatMap(({ id, instances: { count } }) => Array.from({ length: count }, (_, index): [string, number] => [id, index]))
}

function taskOf (id: string, request: FakeRequest, run: FakeRun, isKilled: boolean): Record<string, unknown> {
  const { composition } = request
  const state = isKilled || run.error != null ? 'canceled' : run.hangs === true ? 'processing' : 'complete'
  const task = {
    id,
    states: [{ state: 'scheduled' }, { state }],
    error: isKilled ? 'context canceled' : run.error ?? '',
    composition: { ...composition, groups: composition.groups.map((group) => ({ ...group, run: { ...group.run, artifact: 'image-1' } })) },
    result: {
      outcome: run.outcome ?? 'success',
      outcomes: Object.fromEntries(composition.groups.map(({ id: group, instances: { count } }) => [group, { ok: count, total: count }]))
    }
  }
  return run.task?.(task) ?? task
}

/** As Testground's logger and its pretty printer write. */
function logOf (request: FakeRequest, run: FakeRun): string[] {
  const line = (level: string, message: string, fields: object = {}): string =>
    `Nov 28 09:51:43.022537\t\x1b[34m${level}\x1b[0m\t${message}\t${JSON.stringify(fields)}\n`
  const instances = instancesOf(request).flatMap(([group, index]) => {
    const said = run.said?.(group, index) ?? [['START', '{}'], ['OK', '']]
    const tag = `${group}[${String(index).padStart(3, '0')}] (abc123)`
    return [
      ...said.map(([heading, text]) => line('INFO', `1.2345s \x1b[1m${heading.padStart(10)}\x1b[0m << ${tag} >> ${text}`)),
      line('INFO', 'container exited', { group, group_index: index, status: run.exitCode?.(group, index) ?? 0 })
    ]
  })
  const before = (run.log ?? [['INFO', 'starting run']]).map(([level, message, fields]) => line(level, message, fields))
  return [...before, ...run.error != null ? [] : instances]
}

async function archiveOf (id: string, request: FakeRequest, run: FakeRun): Promise<Buffer> {
  const tar = pack()
  tar.entry({ name: `${id}/`, type: 'directory' })

  for (const [group, index] of instancesOf(request)) {
    const left = run.left == null ? wentWell : run.left(group, index)

    for (const [file, content] of Object.entries(left ?? {})) {
      tar.entry({ name: `${id}/${group}/${index}/${file}` }, content)
    }
  }

  for (const { name, content = '', type = 'file', linkname } of run.entries ?? []) {
    tar.entry({ name: name.replace('<task>', id), type, ...(linkname == null ? {} : { linkname }) }, content)
  }

  tar.finalize()
  const parts: Uint8Array[] = []

  for await (const part of tar as AsyncIterable<Uint8Array>) {
    parts.push(part)
  }

  const whole = gzipSync(Buffer.concat(parts))
  return run.archive?.(whole) ?? whole
}

/** Reads a multipart body as the daemon does: the composition, and the archive of the plan where there is one. */
function readRequest (body: Buffer, type: string): FakeRequest {
  const boundary = Buffer.from(`\r\n--${/boundary=(.*)/.exec(type)?.[1] ?? ''}`)
  const parts = new Map<string, Buffer>()

  for (let at = body.indexOf(boundary), next; (next = body.indexOf(boundary, at + 1)) !== -1; at = next) {
    const part = body.subarray(at + boundary.length, next)
    const end = part.indexOf('\r\n\r\n')
    parts.set(/filename=(\S+)/.exec(part.subarray(0, end).toString())?.[1] ?? '', part.subarray(end + 4))
  }

  const archive = parts.get('plan.zip')
  return { ...JSON.parse(String(parts.get('composition.json'))) as FakeRequest, ...(archive == null ? {} : { files: unzip(archive) }) }
}

/** Reads a ZIP archive by its directory, as those do that find nothing in it by chance. */
export function unzip (archive: Buffer): Map<string, Buffer> {
  const files = new Map<string, Buffer>()
  const end = archive.lastIndexOf('PK\x05\x06')
  let at = archive.readUInt32LE(end + 16)

  for (let left = archive.readUInt16LE(end + 10); left > 0; left--) {
    const [packed, nameLength, offset] = [archive.readUInt32LE(at + 20), archive.readUInt16LE(at + 28), archive.readUInt32LE(at + 42)]
    const name = archive.subarray(at + 46, at + 46 + nameLength).toString()
    const content = offset + 30 + archive.readUInt16LE(offset + 26) + archive.readUInt16LE(offset + 28)
    files.set(name, inflateRawSync(archive.subarray(content, content + packed)))
    at += 46 + nameLength
  }

  return files
}
