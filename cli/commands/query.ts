import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { UsageError } from '../usage-error.ts'
import type { CommandModule } from 'yargs'
import type { Query } from '../../peersdb/api.ts'
import type { ExportFormat } from '../../peersdb/formats.ts'
import type { Surroundings } from '../surroundings.ts'

interface QueryArguments {
  format: ExportFormat
  where: string[]
  url?: string
  tokenFile?: string
  directory?: string
  limit?: number
}

export function queryCommand (surroundings: Surroundings): CommandModule<object, QueryArguments> {
  return {
    command: 'query',
    describe: 'List the contributions that a peer knows, the newest first',
    builder: (yargs) => yargs
      .option('format', { type: 'string', choices: ['table', 'csv', 'ndjson'], default: 'table', describe: 'for people, for spreadsheets, or exact' })
      .option('where', { type: 'string', array: true, nargs: 1, default: [], describe: 'an attribute: --where workload=sort, --where slots=8..32; may be repeated' })
      .option('limit', { type: 'number', requiresArg: true, describe: 'the most to list' })
      .option('url', { type: 'string', requiresArg: true, describe: 'the daemon to ask [http://127.0.0.1:8080]' })
      .option('token-file', { type: 'string', requiresArg: true, describe: 'the token file of that daemon' })
      .option('directory', { type: 'string', requiresArg: true, describe: 'ask no daemon, but the directory of a peer that does not run' })
      .example('$0 query --where workload=sort --format csv > sort.csv', 'attributes become columns')
      .example('$0 query --directory peer-data', 'without a running peer') as never,
    handler: (args) => execute(args, surroundings)
  }
}

async function execute (args: QueryArguments, { stdout, cwd }: Surroundings): Promise<void> {
  for (const name of ['format', 'url', 'tokenFile', 'directory', 'limit'] as const) {
    if (Array.isArray(args[name])) {
      throw new UsageError(`--${name === 'tokenFile' ? 'token-file' : name} is given more than once; keep one of them`)
    }
  }

  if (args.limit != null && !(Number.isInteger(args.limit) && args.limit > 0)) {
    throw new UsageError('--limit must be a whole number above 0')
  }

  if (args.directory != null && (args.url ?? args.tokenFile) != null) {
    throw new UsageError('--directory reads without a daemon, and --url and --token-file are about one; keep either')
  }

  await using parts = new AsyncDisposableStack()
  const lines = args.directory == null ? await askDaemon(args, cwd()) : await readDirectory(args, resolve(cwd(), args.directory), parts)

  try {
    await pipeline(lines, stdout, { end: false })
  } catch (err) {
    // Whoever reads may have seen enough, as "head" does.
    if ((err as NodeJS.ErrnoException).code !== 'EPIPE') {
      throw err
    }
  }
}

async function askDaemon ({ format, where, url = 'http://127.0.0.1:8080', tokenFile, limit }: QueryArguments, workingDirectory: string): Promise<Readable> {
  const { createDaemonClient, readContributions, readToken } = await import('../../peersdb/http/client.ts')
  const { toTable } = await import('../../peersdb/formats.ts')
  const { parseWhere } = await import('../../peersdb/where.ts')
  // Checked here, so that the sentence is about the option.
  parseWhere(where)
  const parameters = new URLSearchParams(where.map((text) => [`attributes.${text.slice(0, text.indexOf('='))}`, text.slice(text.indexOf('=') + 1)]))

  if (limit != null) {
    parameters.set('limit', String(limit))
  }

  const client = createDaemonClient({ url, token: tokenFile == null ? undefined : await readToken(resolve(workingDirectory, tokenFile)) })
  const accept = format === 'csv' ? 'text/csv' : 'application/x-ndjson'
  const { body } = await client.ask(`/v1/contributions?${parameters}`, { accept })

  if (body == null) {
    return Readable.from([])
  }

  return format === 'table' ? Readable.from(toTable(readContributions(body))) : Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0])
}

async function readDirectory ({ format, where, limit }: QueryArguments, directory: string, parts: AsyncDisposableStack): Promise<Readable> {
  if (!await stat(directory).then((found) => found.isDirectory(), () => false)) {
    throw new UsageError(`there is no peer in ${directory}; name the --directory that "peerslab peer" was started with`)
  }

  const { openPeer } = await import('../../peersdb/index.ts')
  const { attributeNames, toCsv, toNdjson, toTable } = await import('../../peersdb/formats.ts')
  const { parseWhere } = await import('../../peersdb/where.ts')
  const query: Query = { attributes: parseWhere(where), ...(limit == null ? {} : { limit }) }
  const peer = await openPeer({ directory, listen: [] })
  parts.defer(() => peer.close())

  switch (format) {
    case 'csv': return Readable.from(toCsv(peer.query(query), await attributeNames(peer.query(query))))
    case 'ndjson': return Readable.from(toNdjson(peer.query(query)))
    case 'table': return Readable.from(toTable(peer.query(query)))
  }
}
