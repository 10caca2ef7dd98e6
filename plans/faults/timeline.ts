import * as z from 'zod'

/** What can happen to instances: the first four to their processes, the others to their peers. */
export const instanceFaultKinds = ['crash', 'pause', 'resume', 'restart', 'leave', 'join'] as const
export type InstanceFaultKind = typeof instanceFaultKinds[number]

/** Something that happens to instances. `restart` brings back what crashed or left, with its disk or with an empty one. */
export interface InstanceFault {
  /** Milliseconds after the start mark, which is the moment at which all instances that are there from the start are connected. */
  readonly atMs: number
  readonly kind: InstanceFaultKind
  /** By name: "group/index". */
  readonly instances: readonly string[]
  /** Of a restart: whether it finds what its former life had stored. */
  readonly disk?: boolean
}

/** Something that happens to the links between sides, each a list of instances by name. */
export type LinkFault =
  | { readonly atMs: number, readonly kind: 'partition', readonly sides: ReadonlyArray<readonly string[]> }
  | { readonly atMs: number, readonly kind: 'heal' }
  | {
    readonly atMs: number
    readonly kind: 'degrade'
    readonly sides: ReadonlyArray<readonly string[]>
    /** `forth`: only what the first side sends to the others. */
    readonly direction: 'both' | 'forth'
    readonly latencyFactor?: number
    readonly bandwidthFactor?: number
    /** The probability that a TCP segment is lost. */
    readonly loss?: number
  }
  | { readonly atMs: number, readonly kind: 'restore' }

export type Fault = InstanceFault | LinkFault

/** All that goes wrong in a run, and when: one plain value, decided before anything starts. */
export interface Timeline {
  /** Where it is from, for people: a file, or what it was drawn from. */
  readonly source: string
  /** When the last fault is over and all links are whole again, in milliseconds after the start mark. */
  readonly endMs: number
  /** In the order of their times. */
  readonly events: readonly Fault[]
}

export function isInstanceFault (fault: Fault): fault is InstanceFault {
  return (instanceFaultKinds as readonly string[]).includes(fault.kind)
}

const atMs = z.number().min(0)
const names = z.array(z.string().min(1)).min(1)
const factor = z.number().positive()
const change = { latencyFactor: factor.optional(), bandwidthFactor: factor.optional(), loss: z.number().min(0).lt(1).optional() }

function happening<K extends InstanceFaultKind> (kind: K) {
  return z.strictObject({ atMs, kind: z.literal(kind), instances: names })
}

/** An event as people write it: names are instances ("peers/3"), groups or regions; a single side stands against all others. */
export const eventSchema = z.discriminatedUnion('kind', [
  happening('crash'), happening('leave'), happening('pause'), happening('resume'), happening('join'),
  z.strictObject({ atMs, kind: z.literal('restart'), instances: names, disk: z.boolean().default(true) }),
  z.strictObject({ atMs, kind: z.literal('partition'), sides: z.array(names).min(1) }),
  z.strictObject({ atMs, kind: z.literal('heal') }),
  z.strictObject({ atMs, kind: z.literal('degrade'), sides: z.array(names).min(1).max(2), direction: z.enum(['both', 'forth']).default('both'), ...change })
    .refine(({ latencyFactor, bandwidthFactor, loss }) => latencyFactor != null || bandwidthFactor != null || loss != null,
      'changes nothing; give latencyFactor, bandwidthFactor or loss'),
  z.strictObject({ atMs, kind: z.literal('restore') })
])
export type WrittenEvent = z.infer<typeof eventSchema>

/** A timeline of faults as people write it into a file, or as a run has saved it. */
export const timelineSchema = z.strictObject({
  endMs: z.number().positive(),
  events: z.array(z.unknown()),
  source: z.string().optional(),
  seed: z.number().optional(),
  done: z.array(z.unknown()).optional()
})
