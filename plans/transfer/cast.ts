import { ParameterError } from '../errors.ts'
import type { Member } from '../members.ts'
import type { Params } from '../params.ts'

export type NodeType = 'Leech' | 'Passive' | 'Seed'
export type TransferParams = Params<'transfer'>

/** What one instance of a transfer is, in the words of the authors' plan. */
export interface Part {
  readonly index: number
  /** Its number in the run, and in its group, both from 1. */
  readonly seq: number
  readonly groupSeq: number
  readonly groupName: string
  readonly nodeType: NodeType
  /** Its number among those of its type that are counted together, from 0. */
  readonly nodeTypeIndex: number
  readonly latencyMs: number
}

type Counted = Pick<TransferParams, 'leech_count' | 'passive_count' | 'roles_by' | 'latency_ms' | 'leech_latency_ms' | 'seed_latency_ms'>

/**
 * Gives every instance its part: the first ones of the run, or of each group, are leeches, the next ones passive, and the rest
 * seeds.
 *
 * @param paramsOf - the parameters of a group
 */
export function castParts (
  members: ReadonlyArray<Pick<Member, 'index' | 'group'>>, paramsOf: (group: string) => Counted
): Part[] {
  const inGroup = new Map<string, number>()

  return members.toSorted((a, b) => a.index - b.index).map(({ index, group }) => {
    const params = paramsOf(group)
    const groupSeq = (inGroup.get(group) ?? 0) + 1
    inGroup.set(group, groupSeq)
    const counted = params.roles_by === 'group' ? groupSeq : index + 1
    const nodeType = counted <= params.leech_count ? 'Leech' : counted <= params.leech_count + params.passive_count ? 'Passive' : 'Seed'
    const before = { Leech: 0, Passive: params.leech_count, Seed: params.leech_count + params.passive_count }[nodeType]
    const nodeTypeIndex = counted - 1 - before
    return {
      index, seq: index + 1, groupSeq, groupName: group, nodeType, nodeTypeIndex, latencyMs: latencyOf(params, nodeType, nodeTypeIndex)
    }
  })
}

/** One latency holds for all of a type; of several, each for the instance in its place, and beyond them that of all. */
function latencyOf (params: Counted, nodeType: NodeType, nodeTypeIndex: number): number {
  const own = { Leech: params.leech_latency_ms, Seed: params.seed_latency_ms, Passive: [] }[nodeType]
  return (own.length === 1 ? own[0] : own[nodeTypeIndex]) ?? params.latency_ms
}

/** @throws {ParameterError} where nobody would send, or nobody would fetch */
export function requireBothEnds (parts: readonly Part[]): void {
  const count = (type: NodeType): number => parts.filter(({ nodeType }) => nodeType === type).length

  if (count('Seed') === 0) {
    throw new ParameterError(`all ${parts.length} instances are leeches or passive, so nobody has the file; lower leech_count or passive_count`)
  }

  if (count('Leech') === 0) {
    throw new ParameterError('leech_count is 0, so nobody fetches the file; set it to at least 1')
  }
}
