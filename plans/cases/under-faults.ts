import { describeFaults } from '../faults/describe.ts'
import { phasesUnderFaults, runUnderFaults } from '../faults/run.ts'
import { readParams } from '../params.ts'
import { checkCorpus, checkGroups, requireContributors } from './case.ts'
import type { Timeline } from '../faults/timeline.ts'
import type { GroupPlan, TestCase } from './case.ts'

/** A case in which peers post while things go wrong, as a timeline has them that is read or drawn before it starts. */
export function underFaults (name: 'churn' | 'partition', timelineOf: (groups: readonly GroupPlan[]) => Promise<Timeline>): TestCase {
  return {
    check: async (groups) => {
      const [first] = await checkGroups(name, groups)
      const notes = await checkCorpus(first)
      requireContributors(name, groups)
      return [...notes, describeFaults(await timelineOf(groups))]
    },

    faults: timelineOf,

    phases: (groups, timeline) => phasesUnderFaults(timeline, groups.flatMap(({ id, count }) => Array.from({ length: count }, (_, i) => `${id}/${i}`))),

    run: async (context) => runUnderFaults(context, readParams(name, context.params))
  }
}
