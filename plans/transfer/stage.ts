import { meet } from '../members.ts'
import { readParams } from '../params.ts'
import { castParts } from './cast.ts'
import { regionOf, transferNetwork } from './network.ts'
import type { Profile } from '../../network/profile.ts'
import type { InstanceContext } from '../context.ts'
import type { NodeType, Part, TransferParams } from './cast.ts'

/** What an instance knows of the transfers that it takes part in. */
export interface Stage {
  readonly context: InstanceContext
  readonly params: TransferParams
  readonly profile: Profile
  readonly part: Part
  readonly instances: number
  /** The numbers of leeches, and of seeds, in the run. */
  readonly leeches: ReadonlySet<number>
  readonly seeds: readonly number[]
}

/** Finds its part among those of all. */
export async function enter (context: InstanceContext): Promise<Stage> {
  const params = readParams('transfer', context.params)
  const profile = transferNetwork(params)
  const { all } = await meet(context, params, profile)
  const part = castParts(all, () => params).find(({ index }) => index === context.index) as Part
  context.record.tag({ region: regionOf(part.latencyMs) })
  await context.sync.publish('parts', { index: part.index, nodeType: part.nodeType })
  const parts = await context.sync.collect<Pick<Part, 'index' | 'nodeType'>>('parts', all.length, params.timeout_secs * 1000)
  const numbersOf = (type: NodeType): number[] =>
    parts.filter(({ nodeType }) => nodeType === type).map(({ index }) => index).sort((a, b) => a - b)
  return { context, params, profile, part, instances: all.length, leeches: new Set(numbersOf('Leech')), seeds: numbersOf('Seed') }
}

/** Resolves when all instances have come to a state. */
export async function together ({ context, params, instances }: Stage, state: string): Promise<void> {
  await context.sync.signal(state)
  await context.sync.barrier(state, instances, params.timeout_secs * 1000)
}
