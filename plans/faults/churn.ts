import { churnPresets, stagedJoins } from './presets.ts'
import { createRandom } from '../random.ts'
import type { Random } from '../random.ts'
import type { ChurnPreset, ChurnPresetName } from './presets.ts'
import type { InstanceFault, Timeline } from './timeline.ts'

/** How peers of one group come and go. */
export interface ChurnGroup {
  /** Its instances, by name. */
  readonly instances: readonly string[]
  readonly churn: ChurnPresetName | 'none' | 'staged'
  /** The probability that a departure is a crash; otherwise it takes leave. */
  readonly crashRatio: number
  /** The probability that a peer comes back without its disk. */
  readonly diskLossRatio: number
}

export interface ChurnInit {
  readonly seed: number
  /** How long it goes on, in milliseconds of the run. */
  readonly endMs: number
  /** How much faster than in reality peers come and go. */
  readonly timeScale: number
}

/** Processes need a moment to start, so that nothing shorter is drawn; in milliseconds of the run. */
export const shortestMs = 2_000

/**
 * Draws who comes and goes when, in steady state from the first moment. At the end everybody who was ever there comes back, so
 * that every disk is read and judged.
 */
export function drawChurn (groups: readonly ChurnGroup[], { seed, endMs, timeScale }: ChurnInit): Timeline {
  const events = groups.flatMap((group) => {
    const { churn } = group

    if (churn === 'none') {
      return []
    }

    return churn === 'staged'
      ? drawJoins(group.instances, createRandom(seed, 'joins'), endMs, timeScale)
      : group.instances.flatMap((name) => drawPeer(name, group, churnPresets[churn], createRandom(seed, 'churn', name), endMs, timeScale))
  })
  const names = [...new Set(groups.map(({ churn }) => churn))].join(', ')
  return { source: `churn ${names}, seed ${seed}`, endMs, events: events.sort((a, b) => a.atMs - b.atMs) }
}

function drawPeer (
  name: string, { crashRatio, diskLossRatio }: ChurnGroup, { session, off }: ChurnPreset, random: Random, endMs: number, timeScale: number
): InstanceFault[] {
  const instances = [name]
  const events: InstanceFault[] = []
  const lasting = (ms: number): number => Math.max(shortestMs, Math.round(ms / timeScale))
  let isUp = random.chance(session.meanMs / (session.meanMs + off.meanMs))
  let hasBeen = isUp
  let atMs = lasting((isUp ? session : off).drawResidual(random))

  while (atMs < endMs - shortestMs) {
    if (isUp) {
      events.push({ atMs, kind: random.chance(crashRatio) ? 'crash' : 'leave', instances })
    } else {
      events.push(hasBeen ? { atMs, kind: 'restart', instances, disk: !random.chance(diskLossRatio) } : { atMs, kind: 'join', instances })
      hasBeen = true
    }

    isUp = !isUp
    atMs += lasting((isUp ? session : off).draw(random))
  }

  return isUp ? events : [...events, hasBeen ? { atMs: endMs, kind: 'restart', instances, disk: true } : { atMs: endMs, kind: 'join', instances }]
}

/** Those that would join after the end join at it. */
function drawJoins (names: readonly string[], random: Random, endMs: number, timeScale: number): InstanceFault[] {
  let atMs = 0

  return names.map((name, i) => {
    const [min, max] = i > 0 && i % stagedJoins.perRound === 0
      ? [stagedJoins.pauseMsMin, stagedJoins.pauseMsMax]
      : [stagedJoins.apartMsMin, stagedJoins.apartMsMax]
    atMs += Math.round((min + random.uniform() * (max - min)) / timeScale)
    return { atMs: Math.min(atMs, endMs), kind: 'join', instances: [name] }
  })
}
