import { readParams } from '../params.ts'
import { fill, found, gather, judgeAndClose, reach } from '../replicate.ts'
import { checkContributing, phasesOfAll } from './case.ts'
import type { TestCase } from './case.ts'

/** A contribution is posted: when does its entry, and when its file, reach every other peer? */
export const replication: TestCase = {
  check: (groups) => checkContributing('replication', groups),

  phases: (groups) => phasesOfAll(['connected', 'filled', 'judged'], groups),

  run: async (context) => {
    const gathering = await gather(context, readParams('replication', context.params))
    const { all, withRole } = gathering.members
    const cluster = await found(context, gathering, all)
    const posted = await fill(context, gathering, cluster, withRole('contributor'))
    await reach(context, gathering, 'filled', all.length)
    await judgeAndClose(context, gathering, cluster, posted)
  }
}
