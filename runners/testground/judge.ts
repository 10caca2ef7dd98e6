import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { constants } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { readEvent } from '../instance-event.ts'
import { instanceOutcome, isBad, judgeRun } from '../outcome.ts'
import type { RunSpec } from '../composition/index.ts'
import type { InstanceEnd, InstanceResult, RunOutcome } from '../outcome.ts'
import type { RunFolder } from '../run-folder.ts'
import type { Observed } from './log.ts'
import type { Task } from './daemon.ts'

const keptLines = 20
const keptLineLength = 500

export interface JudgeInit {
  readonly run: RunSpec
  readonly folder: RunFolder
  /** What the daemon's log told, by instance. */
  readonly observed: ReadonlyMap<string, Observed>
  /** What the daemon says of the run; undefined where it could not be asked. */
  readonly task?: Task | undefined
  /** Why there is no more, where the run did not come to its end, or what it left could not be had. */
  readonly cutShort?: string | undefined
}

/**
 * Judges a run by what its instances left, as the runner `local` does, and compares that with what the daemon says. Where only
 * one of the two is content, the run does not pass.
 */
export async function judge ({ run, folder, observed, task, cutShort }: JudgeInit): Promise<RunOutcome & { difference?: string }> {
  const ends = await Promise.all(run.groups.flatMap(({ id, count }) => Array.from({ length: count }, (_, index) =>
    readInstance(folder.instanceDirectory(run.id, id, index), id, index, observed.get(`${id}/${index}`), cutShort != null))))
  const instances = ends.map(({ result }) => result)
  const firstBad = ends.filter(({ result }) => isBad(result)).sort((a, b) => a.endedTs - b.endedTs)[0]?.result
  const own = judgeRun(run.id, instances, { ...(firstBad == null ? {} : { firstBad }), ...(cutShort == null ? {} : { cutShort }) })

  if (task == null) {
    return own.verdict === 'pass' ? { ...own, verdict: 'unknown', reason: 'the daemon did not tell how the run ended' } : own
  }

  const theirs = outcomeOf(task)

  // Where it is known why there is less than the daemon saw, the two do not contradict each other.
  if ((theirs === 'success') === (own.verdict === 'pass') || own.reason === cutShort) {
    return own
  }

  const difference = own.verdict === 'pass'
    ? `${own.reason} by what they left, but Testground's outcome is ${theirs}${counts(task)}`
    : `Testground's outcome is success${counts(task)}, but ${own.reason}`
  return { ...own, verdict: own.verdict === 'pass' ? 'unknown' : own.verdict, reason: difference, difference }
}

/** As Testground's own command reads a task (testground, pkg/data/result.go), but that a task without a result is no success. */
export function outcomeOf ({ states, result, error }: Task): string {
  const state = states.at(-1)?.state

  if (state === 'canceled') {
    return 'canceled'
  }

  return state === 'complete' && (error == null || error === '') ? result?.outcome ?? 'unknown' : 'unknown'
}

function counts ({ result }: Task): string {
  const groups = Object.entries(result?.outcomes ?? {}).map(([group, outcome]) => `${group} ${outcome?.ok ?? 0}/${outcome?.total ?? 0}`)
  return groups.length === 0 ? '' : ` (${groups.join(', ')})`
}

interface Ended {
  readonly result: InstanceResult
  /** When it said its last word, in nanoseconds; those that said nothing came to no end, and are the last. */
  readonly endedTs: number
}

async function readInstance (
  directory: string, group: string, index: number, observed: Observed | undefined, stopped: boolean
): Promise<Ended> {
  const left = await readOutput(join(directory, 'run.out'))
  // That all went well counts only where it could be kept, for then what was measured could be kept, too.
  const event = left.event ?? (observed?.event?.kind === 'success' ? undefined : observed?.event)
  const code = observed?.exitCode
  // A container that a signal ended has 128 and its number as exit code.
  const signal = code != null && code > 128 ? signalOf(code - 128) : null
  const exitCode = signal == null ? code ?? null : null
  const cut = stopped && event == null
  // An engine that tells no exit code leaves what the instance said.
  const end = { exitCode: signal == null ? code ?? 0 : null, signal, stopped: cut }
  const outcome = instanceOutcome({ ...end, ...(event == null ? {} : { event }) })
  const lost = await stat(directory).then(() => undefined, () => 'nothing that it left was collected')
  const error = event?.error ?? (outcome === 'missing' ? lost : undefined)
  const lastLines = observed != null && observed.lastLines.length > 0 ? observed.lastLines : left.lastLines
  return {
    endedTs: left.lastTs ?? Infinity,
    result: {
      group, index, outcome, exitCode, signal, stopped: cut,
      ...(error == null ? {} : { error }),
      lastLines: outcome === 'success' ? [] : lastLines
    }
  }
}

interface Output { event?: InstanceEnd['event'], lastTs?: number, lastLines: string[] }

/** The last word of an instance in its `run.out`, which may not be there. */
async function readOutput (file: string): Promise<Output> {
  const output: Output = { lastLines: [] }

  try {
    for await (const line of createInterface({ input: createReadStream(file, 'utf8') })) {
      const event = readEvent(line)
      output.lastTs = Number(/"ts":(\d+)/.exec(line)?.[1] ?? output.lastTs ?? Infinity)

      if (event != null && event !== 'other') {
        output.event = event
      } else if (event == null && line !== '') {
        output.lastLines.push(line.slice(0, keptLineLength))
        output.lastLines.splice(0, output.lastLines.length - keptLines)
      }
    }
  } catch {
    // What cannot be read says nothing, which leaves the instance without a result.
  }

  return output
}

function signalOf (number: number): NodeJS.Signals | null {
  return (Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? null) as NodeJS.Signals | null
}
