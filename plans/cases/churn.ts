import { ParameterError } from '../errors.ts'
import { churnTimeline } from '../faults/read.ts'
import { describeFaults } from '../faults/describe.ts'
import { phasesUnderFaults, runUnderFaults } from '../faults/run.ts'
import { readParams } from '../params.ts'
import { checkCorpus, checkGroups, countRole } from './case.ts'
import type { TestCase } from './case.ts'

/** Peers come and go while they post: who holds what, and is everything everywhere once they have come back? */
export const churn: TestCase = {
  check: async (groups) => {
    const [first] = await checkGroups('churn', groups)
    const notes = await checkCorpus(first)

    if (countRole('churn', groups, 'contributor') === 0) {
      throw new ParameterError('no group has role = "contributor", so nothing would be posted; give it to at least one')
    }

    return [...notes, describeFaults(await churnTimeline(groups))]
  },

  faults: churnTimeline,

  phases: (groups, timeline) => phasesUnderFaults(timeline, groups.flatMap(({ id, count }) => Array.from({ length: count }, (_, i) => `${id}/${i}`))),

  run: async (context) => runUnderFaults(context, readParams('churn', context.params))
}
