import { churnTimeline } from '../faults/read.ts'
import { underFaults } from './under-faults.ts'

/** Peers come and go while they post: who holds what, and is everything everywhere once they have come back? */
export const churn = underFaults('churn', churnTimeline)
