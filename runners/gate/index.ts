import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { RunRequestError } from '../errors.ts'
import { checkOut, hasChanges, lastLine, removeCheckout, resolveCommit } from './checkout.ts'
import { alphaOfLook, looksAt, turnsOf } from './plan.ts'
import type { Verdict } from '../outcome.ts'
import type { Side } from './plan.ts'

export interface GateOptions {
  /** The checkout both versions come from. */
  readonly root: string
  /** A composition file, which both run. */
  readonly composition: string
  readonly base: string
  readonly head: string
  readonly runner: 'sim' | 'local'
  /** More words for `run`, such as `--set contributions=10`. */
  readonly words: readonly string[]
  /** How long may be spent on runs, in milliseconds; building is not counted. */
  readonly budgetMs: number
  /** Of the whole, over all looks. */
  readonly alpha: number
  /** Where the run folders of both sides go. */
  readonly out: string
  readonly workingDirectory: string
  /** Tells the two studies apart, with this chance to find a change where there is none. */
  readonly judge: (studies: Readonly<Record<Side, string>>, alpha: number) => Promise<{ verdict: Verdict, reason: string }>
  readonly onProgress: (sentence: string) => void
  readonly signal: AbortSignal
}

export interface GateReport {
  readonly verdict: Verdict
  readonly reason: string
  /** The folders of run folders of both sides. */
  readonly studies: Readonly<Record<Side, string>>
  /** Runs of each side that passed. */
  readonly runs: number
  /** The alpha of the last look; undefined where none was made. */
  readonly alpha?: number
}

/**
 * Runs two versions in turn on this machine until it is clear whether head is worse, or the budget is spent.
 *
 * @throws {RunRequestError} where a version is not there, or does not build
 */
export async function gate (options: GateOptions): Promise<GateReport> {
  const { root, signal, onProgress } = options
  const commits = { base: await resolveCommit(root, options.base), head: await resolveCommit(root, options.head) }

  if (await hasChanges(root)) {
    onProgress('this checkout has changes that are not committed: they are in neither version')
  }

  const scratch = await realpath(await mkdtemp(join(tmpdir(), 'peerslab-gate-')))
  const checkouts = { base: join(scratch, 'base'), head: join(scratch, 'head') }

  try {
    for (const side of ['base', 'head'] as const) {
      onProgress(`building ${side}, ${commits[side].slice(0, 12)}`)
      await checkOut(root, commits[side], checkouts[side], signal)
    }

    return await takeTurns(options, checkouts)
  } finally {
    for (const side of ['base', 'head'] as const) {
      await removeCheckout(root, checkouts[side])
    }

    await rm(scratch, { recursive: true, force: true })
  }
}

type Checkouts = Readonly<Record<Side, string>>

async function takeTurns (options: GateOptions, checkouts: Checkouts): Promise<GateReport> {
  const { runner, budgetMs, signal, onProgress, workingDirectory } = options
  const out = resolve(workingDirectory, options.out)
  const name = basename(options.composition).replace(/\.toml$/, '')
  const studies = { base: join(out, 'base', name), head: join(out, 'head', name) }
  await mkdir(out, { recursive: true }).catch((err: NodeJS.ErrnoException) => {
    throw new RunRequestError(`${out} cannot be made (${err.code ?? err.message}); name a directory that can be written with --out`)
  })
  const budget = AbortSignal.timeout(budgetMs)
  const context = { options, checkouts, out, signal: AbortSignal.any([signal, budget]) }
  let runs = 0
  let last: Pick<GateReport, 'verdict' | 'reason' | 'alpha'> = { verdict: 'unknown', reason: 'no run was carried out' }

  for (const [index, target] of looksAt[runner].entries()) {
    const failed = runner === 'sim' ? await runPanel(context, runs + 1, target) : await runPairs(context, runs, target)

    if (failed != null) {
      const isSpent = context.signal.aborted
      const why = signal.aborted ? 'it was interrupted' : `the budget of ${Math.round(budgetMs / 1000)} s is spent`
      return isSpent
        ? { verdict: 'unknown', reason: `${why} with ${runs} runs of each side compared (${last.reason})`, studies, runs, alpha: last.alpha }
        : { ...failed, studies, runs }
    }

    runs = target
    const alpha = alphaOfLook(options.alpha, index + 1)
    last = { ...await options.judge(studies, alpha), alpha }
    onProgress(`after ${runs} runs of each side: ${last.verdict}, ${last.reason}`)

    if (last.verdict !== 'unknown') {
      break
    }
  }

  return { ...last, studies, runs }
}

interface Context {
  readonly options: GateOptions
  readonly checkouts: Checkouts
  readonly out: string
  readonly signal: AbortSignal
}

type Failed = Pick<GateReport, 'verdict' | 'reason'> | undefined

/** A panel of seeds in virtual time, where whose turn it is makes no difference. */
async function runPanel (context: Context, from: number, to: number): Promise<Failed> {
  for (const side of ['base', 'head'] as const) {
    const failed = await runSide(context, side, ['--seeds', `${from}..${to}`])

    if (failed != null) {
      return failed
    }
  }
}

async function runPairs (context: Context, from: number, to: number): Promise<Failed> {
  for (let pair = from; pair < to; pair++) {
    for (const side of turnsOf(pair)) {
      const failed = await runSide(context, side, ['--seed', String(pair + 1)])

      if (failed != null) {
        return failed
      }
    }
  }
}

/** Lets one version run; a run of head that fails where base did not is worse than any number. */
async function runSide ({ options, checkouts, out, signal }: Context, side: Side, seeds: readonly string[]): Promise<Failed> {
  const { composition, runner, words, workingDirectory, onProgress } = options
  onProgress(`running ${side}, ${seeds.join(' ').replace('--', '')}`)
  const child = spawn(process.execPath, [
    join(checkouts[side], 'bin', 'peerslab.js'), 'run', resolve(workingDirectory, composition), '--runner', runner,
    '--out', join(out, side), ...seeds, ...words
  ], { cwd: workingDirectory, stdio: ['ignore', 'pipe', 'pipe'] })
  // It ends its instances by itself when it is told to.
  const end = (): void => { child.kill('SIGTERM') }
  signal.addEventListener('abort', end, { once: true })

  if (signal.aborted) {
    end()
  }

  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (data) => { stdout += String(data) })
  child.stderr.on('data', (data) => { stderr = `${stderr}${String(data)}`.slice(-10_000) })
  const code = await new Promise<number | null>((resolve) => {
    child.once('error', () => { resolve(null) })
    child.once('close', resolve)
  })
  signal.removeEventListener('abort', end)

  if (code === 0) {
    return undefined
  }

  const said = code === 1 || code === 2 ? stdout.split('\n').find((line) => /\b(fail|unknown): /.test(line)) ?? lastLine(stdout) : lastLine(stderr)
  return { verdict: side === 'head' && code === 1 ? 'fail' : 'unknown', reason: `a run of ${side} did not pass (${said})` }
}
