import { resolve } from 'node:path'
import { quantile } from '../../analysis/statistics/quantile.ts'
import { formatNumber, scaleFor } from '../../analysis/units.ts'
import { exitCodes } from '../exit-codes.ts'
import { checkGivenOnce, readSeed } from '../settings.ts'
import { UsageError } from '../usage-error.ts'
import type { CommandModule } from 'yargs'
import type { CorpusContents, CorpusProgress, Written } from '../../runners/corpus.ts'
import type { Surroundings } from '../surroundings.ts'

type Use = (exitCode: number) => void

interface GenerateArguments { directory: string, preset: string, count?: string, seed: string }
interface ImportArguments { kind: string, from: string, to: string, unchecked: boolean }
interface InspectArguments { corpus: string, count?: string, seed: string, json: boolean }

const quantiles = { min: 0, p05: 0.05, p25: 0.25, median: 0.5, p75: 0.75, p95: 0.95, max: 1 }
const presetHelp = 'small (540 contributions), medium (2,700), paper (11,125) or multi-node (1,242 of 19,602 files)'

/** `corpus` makes, fetches and looks into what a run posts. */
export function corpusCommand (surroundings: Surroundings, use: Use): CommandModule {
  return {
    command: 'corpus',
    describe: 'Generate, import or inspect the files that runs post',
    builder: (yargs) => yargs
      .command(generateCommand(surroundings, use))
      .command(importCommand(surroundings, use))
      .command(inspectCommand(surroundings, use))
      .demandCommand(1, 'corpus lacks what to do; name generate, import or inspect')
      .example('$0 corpus generate corpus-small --preset small', 'writes 540 records like those of the scout data set')
      .example('$0 corpus inspect paper', 'counts, sizes and digest of what --set corpus=paper posts')
      .example('$0 corpus import c3o ../c3o-experiments corpus-c3o', 'checks and copies the five tables'),
    handler: () => {}
  }
}

function generateCommand (surroundings: Surroundings, use: Use): CommandModule<object, GenerateArguments> {
  return {
    command: 'generate <directory>',
    describe: 'Write a preset into a directory that is new or empty: the same bytes for the same seed, everywhere',
    builder: (yargs) => yargs
      .positional('directory', { type: 'string', demandOption: true, describe: 'where to write; a run then takes --set corpus=<directory>' })
      .option('preset', { type: 'string', requiresArg: true, default: 'small', describe: presetHelp })
      .option('count', { type: 'string', requiresArg: true, describe: 'only so many of its contributions' })
      .option('seed', { type: 'string', requiresArg: true, default: '1', describe: 'the number that all content is drawn from' })
      .example('$0 corpus generate corpus-paper --preset paper', 'what the paper\'s experiments posted, by its sizes and failures')
      .example('$0 corpus generate few --preset medium --count 20 --seed 7', 'the first twenty that a run with that seed posts') as never,
    handler: async (args) => {
      checkGivenOnce(args, ['preset', 'count', 'seed'])
      const { generateCorpus, isPreset, presetNames, presets } = await import('../../runners/corpus.ts')
      const { preset } = args

      if (!isPreset(preset)) {
        throw new UsageError(`there is no preset "${preset}"; use one of ${presetNames.join(', ')}`)
      }

      const count = readCount(args.count) ?? presets[preset]

      if (count > presets[preset]) {
        throw new UsageError(`--count ${count} is more than the ${presets[preset]} contributions of preset ${preset}; ask for fewer`)
      }

      const directory = resolve(surroundings.cwd(), args.directory)
      const written = await withProgress(surroundings, use, 'generate: written', (progress) =>
        generateCorpus({ directory, preset, count, seed: Number(readSeed(args.seed)) }, progress))
      tellWritten(surroundings, args.directory, written)
    }
  }
}

function importCommand (surroundings: Surroundings, use: Use): CommandModule<object, ImportArguments> {
  return {
    command: 'import <kind> <from> <to>',
    describe: 'Copy real files, byte for byte, into a directory that is new or empty',
    builder: (yargs) => yargs
      .positional('kind', {
        type: 'string', demandOption: true,
        describe: 'scout: the records of a clone, single-node and multi-node; c3o: the five tables; directory: every file but hidden ones'
      })
      .positional('from', { type: 'string', demandOption: true, describe: 'the directory to copy from' })
      .positional('to', { type: 'string', demandOption: true, describe: 'where to write; a run then takes --set corpus=<to>' })
      .option('unchecked', { type: 'boolean', default: false, describe: 'c3o: take tables that are not those of the data set, too' })
      .example('$0 corpus import scout ../scout corpus-scout', 'from a clone of github.com/oxhead/scout')
      .example('$0 corpus import c3o ../c3o-experiments corpus-c3o', 'from a copy of github.com/dos-group/c3o-experiments') as never,
    handler: async ({ kind: word, from, to, unchecked }) => {
      const { importCorpus, importKinds } = await import('../../runners/corpus.ts')
      const kind = importKinds.find((known) => known === word)

      if (kind === undefined) {
        throw new UsageError(`there is no import of "${word}"; use one of ${importKinds.join(', ')}`)
      }

      if (unchecked && kind !== 'c3o') {
        throw new UsageError(`--unchecked is about C3O tables, and an import of ${kind} checks none; leave it out`)
      }

      const inside = (path: string): string => resolve(surroundings.cwd(), path)
      const written = await withProgress(surroundings, use, 'import: copied', (progress) =>
        importCorpus({ kind, from: inside(from), to: inside(to), unchecked }, progress))
      tellWritten(surroundings, to, written)
    }
  }
}

function inspectCommand (surroundings: Surroundings, use: Use): CommandModule<object, InspectArguments> {
  return {
    command: 'inspect <corpus>',
    describe: 'Count what a directory or a preset holds, with its sizes and a digest of all its content',
    builder: (yargs) => yargs
      .positional('corpus', { type: 'string', demandOption: true, describe: `a directory, or a preset: ${presetHelp}` })
      .option('count', { type: 'string', requiresArg: true, describe: 'only the first so many, as --set contributions=<n> posts them' })
      .option('seed', { type: 'string', requiresArg: true, default: '1', describe: 'decides the content of a preset, and which come first' })
      .option('json', { type: 'boolean', default: false, describe: 'print everything as one JSON object' })
      .example('$0 corpus inspect small', 'a second or two; paper takes twenty, multi-node some minutes') as never,
    handler: async (args) => {
      checkGivenOnce(args, ['count', 'seed'])
      const { inspectCorpus, isPreset } = await import('../../runners/corpus.ts')
      const { corpus } = args
      const source = isPreset(corpus) ? { preset: corpus } : { directory: resolve(surroundings.cwd(), corpus) }
      const init = { ...source, count: readCount(args.count) ?? Number.MAX_SAFE_INTEGER, seed: Number(readSeed(args.seed)) }
      const contents = await withProgress(surroundings, use, 'inspect: read', (progress) => inspectCorpus(init, progress))

      if (contents !== undefined) {
        surroundings.stdout.write(args.json ? `${JSON.stringify(toJson(contents))}\n` : toTable(contents))
      }
    }
  }
}

/** Shows how far it is, and ends it in order at the first interrupt: the result is then undefined. */
async function withProgress<T> (
  surroundings: Surroundings, use: Use, what: string, run: (progress: CorpusProgress) => Promise<T>
): Promise<T | undefined> {
  const { createProgress } = await import('../../runners/corpus.ts')
  const [label = '', name = ''] = what.split(': ')
  const progress = createProgress(surroundings.stderr, label)
  const interrupt = new AbortController()
  const onSignal = (): void => { interrupt.abort() }
  surroundings.on('SIGINT', onSignal)
  surroundings.on('SIGTERM', onSignal)
  let shownMs = -Infinity

  try {
    return await run({
      signal: interrupt.signal,
      onProgress: (done, of) => {
        if (done === of || performance.now() - shownMs > 250) {
          shownMs = performance.now()
          progress.update(new Map([[{ name, instances: of }, done]]))
        }
      }
    })
  } catch (err) {
    if (!interrupt.signal.aborted) {
      throw err
    }

    progress.say('interrupted; nothing is left half-written')
    use(exitCodes.unknown)
    return undefined
  } finally {
    progress.end()
    surroundings.off('SIGINT', onSignal)
    surroundings.off('SIGTERM', onSignal)
  }
}

function tellWritten ({ stdout }: Surroundings, directory: string, written: Written | undefined): void {
  if (written !== undefined) {
    const { contributions, files, bytes } = written
    stdout.write(`${contributions} contributions in ${files} files, ${inBytes(bytes)}: post them with --set corpus=${directory}\n`)
  }
}

function toJson ({ sizes, ...contents }: CorpusContents): object {
  return {
    ...contents,
    sizeBytes: sizes.length === 0 ? null : Object.fromEntries(Object.entries(quantiles).map(([name, p]) => [name, quantile(sizes, p)]))
  }
}

function toTable ({ description, bytes, kinds, frameworks, workloads, sizes, digest }: CorpusContents): string {
  const list = (counts: Readonly<Record<string, number>>): string =>
    Object.entries(counts).map(([name, count]) => `${name === '' ? 'none' : name} ${count}`).join(', ')
  const rows = [
    ['bytes', `${bytes} (${inBytes(bytes)})`],
    ['sizes', Object.entries(quantiles).map(([name, p]) => `${name} ${sizes.length === 0 ? 'none' : inBytes(quantile(sizes, p))}`).join(', ')],
    ['kinds', list(kinds)],
    ['frameworks', list(frameworks)],
    ['workloads', list(workloads)],
    ['digest', `sha256 ${digest}`]
  ]
  return `${description}\n${rows.map(([name = '', text]) => `  ${name.padEnd(11)} ${text}\n`).join('')}`
}

function inBytes (bytes: number): string {
  const { unit, divisor } = scaleFor('B', bytes)
  return `${formatNumber(bytes / divisor)} ${unit}`
}

function readCount (text: string | undefined): number | undefined {
  if (text !== undefined && !/^[1-9]\d{0,14}$/.test(text)) {
    throw new UsageError(`--count ${text} must be a whole number above 0`)
  }

  return text === undefined ? undefined : Number(text)
}
