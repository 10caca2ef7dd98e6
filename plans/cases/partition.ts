import { partitionTimeline } from '../faults/read.ts'
import { underFaults } from './under-faults.ts'

/** A cut divides the peers while all post: how far do they come apart, and how long after it has healed are they one again? */
export const partition = underFaults('partition', partitionTimeline)
