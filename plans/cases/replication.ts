import { ParameterError } from '../errors.ts'
import { readParams } from '../params.ts'
import { fill, found, gather, judgeAndClose, reach } from '../replicate.ts'
import { checkCorpus, checkGroups, countRole } from './case.ts'
import type { TestCase } from './case.ts'

/** A contribution is posted: when does its entry, and when its file, reach every other peer? */
export const replication: TestCase = {
  check: async (groups) => {
    const [first] = await checkGroups('replication', groups)
    const notes = await checkCorpus(first)

    if (countRole('replication', groups, 'contributor') === 0) {
      throw new ParameterError('no group has role = "contributor", so nothing would be posted; give it to at least one')
    }

    return notes
  },

  phases: (groups) => ['connected', 'filled', 'judged'].map((name) => ({
    name,
    instances: groups.reduce((sum, { count }) => sum + count, 0)
  })),

  run: async (context) => {
    const gathering = await gather(context, readParams('replication', context.params))
    const { all, withRole } = gathering.members
    const cluster = await found(context, gathering, all)
    const posted = await fill(context, gathering, cluster, withRole('contributor'))
    await reach(context, gathering, 'filled', all.length)
    await judgeAndClose(context, gathering, cluster, posted)
  }
}
