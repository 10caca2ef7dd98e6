import type { RunFolder } from './read.ts'

/** A line of "what was run": what it is, and its value as text. */
export type Fact = readonly [label: string, value: string]

/** "runner local · fidelity bandwidth · seed 1 · network gcp-six-regions", for every figure. */
export function sourceLine ({ run }: RunFolder): string {
  const named: Fact[] = [
    ['runner', run.runner ?? 'unknown'],
    ['fidelity', run.fidelity ?? 'unknown'],
    ['seed', run.seed === undefined ? 'unknown' : String(run.seed)],
    ['network', run.network?.name ?? 'unknown']
  ]
  return named.map(([label, value]) => `${label} ${value}`).join(' · ')
}

/** The verdict and its reason in one line. */
export function verdictLine ({ outcome }: RunFolder): string {
  if (outcome === undefined) return 'unknown: there is no outcome.json that can be read, so the run was cut short or still goes on'
  return outcome.reason === undefined || outcome.reason === '' ? outcome.verdict : `${outcome.verdict}: ${outcome.reason}`
}

/** What was run, from `run.json`; facts that are not known are left out, but for those every result must name. */
export function factsOf (folder: RunFolder): Fact[] {
  const { run } = folder
  const groups = (run.runs ?? []).map(({ id, groups: parts }) => `${id}: ${parts.map((group) => `${group.count} ${group.id}`).join(', ')}`).join('; ')
  const facts: Fact[] = [
    ['runner', run.runner ?? 'unknown'],
    ['fidelity', run.fidelity ?? 'unknown'],
    ['seed', run.seed === undefined ? 'unknown' : String(run.seed)],
    ['network', [run.network?.name ?? 'unknown', run.network?.description].filter((part) => part !== undefined).join(': ')],
    ['network source', run.network?.source ?? ''],
    ['plan and case', [run.plan, run.case].filter((part) => part !== undefined).join(' ')],
    ['instances', groups === '' ? String(folder.instances.length) : groups],
    ['started', run.startedAt ?? 'unknown'],
    ['ended', run.endedAt ?? 'not recorded'],
    ['PeersLab', run.peerslab ?? 'unknown'],
    ['commit', run.commit == null ? '' : `${run.commit}${run.dirty === true ? ', with changes that were not committed' : ''}`],
    ['command', (run.command ?? []).join(' ')],
    ['host', flat(run.host)],
    ['versions', flat(run.versions)],
    ['rows', `${folder.rows.length} from ${folder.instances.length} instances`]
  ]
  return facts.filter(([, value]) => value !== '')
}

function flat (values: Record<string, unknown> | undefined): string {
  return Object.entries(values ?? {})
    .map(([key, value]) => `${key} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ')
}
