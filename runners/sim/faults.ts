import { simulatedLinks } from '../../network/links.ts'
import { carryOutOnLinks, numbered, startMarkTopic } from '../../plans/index.ts'
import { carryOutOnProcesses } from '../faults.ts'
import type { Profile } from '../../network/profile.ts'
import type { SimulatedNetwork } from '../../network/simulated.ts'
import type { FaultDone } from '../faults.ts'
import type { SimulationJob } from './job.ts'
import type { SimulatedSeat } from './seat.ts'
import type { SyncTwin } from './sync-twin.ts'
import type { World } from './world.ts'

export interface FollowFaultsInit {
  readonly world: World
  readonly job: SimulationJob
  readonly network: SimulatedNetwork
  readonly profile: Profile
  readonly sync: SyncTwin
  readonly seats: readonly SimulatedSeat[]
}

/** Does what the timeline of a simulation says, from the start mark on. @returns what was done so far */
export function followFaults ({ world, job, network, profile, sync, seats }: FollowFaultsInit): readonly FaultDone[] {
  const { scheduler, harness } = world
  const done: FaultDone[] = []
  const { faults } = job

  if (faults == null) {
    return done
  }

  const { timeline, regions } = faults
  const names = seats.map(({ place: { group, index } }) => `${group}/${index}`)
  const links = simulatedLinks(network, profile, (instance) => regions[Number(instance)] ?? '')
  // Faults may name an instance before it joins.
  regions.forEach((region, number) => { network.place(String(number), region) })

  const end = sync.subscribe(startMarkTopic, (mark) => {
    const { startMs } = mark as { startMs: number }
    const at = (atMs: number, run: () => void): () => void => scheduler.at(startMs + atMs, run, harness)
    const elapsedMs = (): number => scheduler.nowMs - startMs
    end()
    carryOutOnProcesses({
      timeline, seats: new Map(seats.map((seat, i) => [names[i] ?? '', seat])), at, elapsedMs, done: (fault) => { done.push(fault) }
    })

    for (const fault of numbered(timeline, (name) => names.indexOf(name))) {
      at(fault.atMs, () => {
        carryOutOnLinks(fault, links)
        done.push({ kind: fault.kind, atMs: fault.atMs, doneMs: elapsedMs() })
      })
    }
  })
  return done
}
