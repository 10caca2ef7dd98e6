import { ParameterError } from '../errors.ts'
import { describeFaults } from '../faults/describe.ts'
import { partitionTimeline } from '../faults/read.ts'
import { phasesUnderFaults, runUnderFaults } from '../faults/run.ts'
import { readParams } from '../params.ts'
import { checkCorpus, checkGroups, countRole } from './case.ts'
import type { TestCase } from './case.ts'

/** A cut divides the peers while all post: how far do they come apart, and how long after it has healed are they one again? */
export const partition: TestCase = {
  check: async (groups) => {
    const [first] = await checkGroups('partition', groups)
    const notes = await checkCorpus(first)

    if (countRole('partition', groups, 'contributor') === 0) {
      throw new ParameterError('no group has role = "contributor", so nothing would be posted; give it to at least one')
    }

    return [...notes, describeFaults(await partitionTimeline(groups))]
  },

  faults: partitionTimeline,

  phases: (groups, timeline) => phasesUnderFaults(timeline, groups.flatMap(({ id, count }) => Array.from({ length: count }, (_, i) => `${id}/${i}`))),

  run: async (context) => runUnderFaults(context, readParams('partition', context.params))
}
