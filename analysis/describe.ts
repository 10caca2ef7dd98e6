import { basename, dirname } from 'node:path'
import type { RunFolder } from './read.ts'
import type { RunRecord } from './records.ts'

/** A line of "what was run": what it is, and its value as text. */
export type Fact = readonly [label: string, value: string]

/** Runs that are each named with their groups. */
const namedRunsMax = 8

/** "runner local · fidelity bandwidth · seed 1 · network gcp-six-regions", for every figure. */
export function sourceLine ({ run }: RunFolder): string {
  return [...sourceOf(run)].map(([label, value]) => `${label} ${value}`).join(' · ')
}

/** What every result must name, by its label. */
export function sourceOf (run: RunRecord): Map<string, string> {
  return new Map([
    ['runner', run.runner ?? 'unknown'],
    ['fidelity', run.fidelity ?? 'unknown'],
    ['seed', run.seed === undefined ? 'unknown' : String(run.seed)],
    ['network', run.network?.name ?? 'unknown']
  ])
}

/** The verdict and its reason in one line. */
export function verdictLine ({ outcome }: RunFolder): string {
  if (outcome === undefined) return 'unknown: there is no outcome.json that can be read, so the run was cut short or still goes on'
  return outcome.reason === undefined || outcome.reason === '' ? outcome.verdict : `${outcome.verdict}: ${outcome.reason}`
}

/** "peersdb bootstrapping · 6 peers, 2 newcomers · 33 s": what ran, in one line. */
export function ranLine (folder: RunFolder): string {
  const { run } = folder
  const seconds = (Date.parse(run.endedAt ?? '') - Date.parse(run.startedAt ?? '')) / 1000
  return [
    [run.plan, run.case].filter((part) => part !== undefined).join(' '),
    instancesOf(folder),
    seconds >= 0 ? `${Math.round(seconds)} s` : ''
  ].filter((part) => part !== '').join(' · ')
}

/** "quick/20260101T100000Z-1b0e19": the run folder by composition and name, the same wherever it lies. */
export function folderName ({ path }: Pick<RunFolder, 'path'>): string {
  return `${basename(dirname(path))}/${basename(path)}`
}

/** Where the numbers come from, from `run.json`; facts that are not known are left out, but for those every result must name. */
export function factsOf (folder: RunFolder): Fact[] {
  const { run } = folder
  const facts: Fact[] = [
    ['runner', run.runner ?? 'unknown'],
    ['fidelity', run.fidelity ?? 'unknown'],
    ['seed', run.seed === undefined ? 'unknown' : String(run.seed)],
    ['network', [run.network?.name ?? 'unknown', run.network?.description].filter((part) => part !== undefined).join(': ')],
    ['network source', run.network?.source ?? ''],
    ['plan and case', [run.plan, run.case].filter((part) => part !== undefined).join(' ')],
    ['instances', instancesOf(folder)],
    ['run folder', folderName(folder)],
    ['started', run.startedAt ?? 'unknown'],
    ['ended', run.endedAt ?? 'not recorded'],
    ['command', (run.command ?? []).join(' ')],
    ['rows', `${folder.rows.length} from ${folder.instances.length} instances`],
    ['PeersLab', run.peerslab ?? 'unknown'],
    ['commit', run.commit == null ? '' : `${run.commit}${run.dirty === true ? ', with changes that were not committed' : ''}`],
    ['lock file', run.lockFileSha256 == null ? '' : `SHA-256 ${run.lockFileSha256}`],
    ['host', flat(run.host)],
    ['versions', flat(run.versions)]
  ]
  return facts.filter(([, value]) => value !== '')
}

/** What does the same again: out of the run folder, and as it was asked for the first time. Nothing where it is not known. */
export function againOf (folder: RunFolder): string[] {
  const { composition, command = [] } = folder.run
  if (composition === undefined) return []
  const [first = ''] = command
  const words = command.slice(first === 'peerslab' ? 1 : 0).map((word) => /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll('\'', '\'\\\'\'')}'`)
  const known = folder.run.runner === undefined ? '' : ` --runner ${folder.run.runner}`
  return [`npx peerslab run runs/${folderName(folder)}${known}`, ...(words.length === 0 ? [] : [`npx peerslab ${words.join(' ')}`])]
}

/** "6 peers, 2 newcomers", by run where there are several, as far as a reader follows. */
function instancesOf ({ run, instances }: RunFolder): string {
  const runs = run.runs ?? []
  if (runs.length === 0) return `${instances.length} instances`
  if (runs.length > namedRunsMax) {
    const sizes = runs.map(({ groups }) => groups.reduce((sum, { count }) => sum + count, 0))
    const [least, most] = [Math.min(...sizes), Math.max(...sizes)]
    return `${runs.length} runs of ${least === most ? least : `${least} to ${most}`} instances`
  }
  return runs.map(({ id, groups }) => {
    const counts = groups.map((group) => `${group.count} ${group.id}`).join(', ')
    return runs.length === 1 ? counts : `${id}: ${counts}`
  }).join('; ')
}

function flat (values: Record<string, unknown> | undefined): string {
  return Object.entries(values ?? {})
    .map(([key, value]) => `${key} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ')
}
