/** A step of a case that instances come to; the runner shows how many are there, and the cases wait for each other by it. */
export interface Phase {
  /** A past participle that people read: "connected 6/6". */
  readonly name: string
  /** How many instances come to it. */
  readonly instances: number
}

/** The sync state that instances signal when they come to a phase. */
export function phaseState (name: string): string {
  return `phase-${name}`
}
