import { bootstrapping } from './bootstrapping.ts'
import { churn } from './churn.ts'
import { link } from './link.ts'
import { modelling } from './modelling.ts'
import { partition } from './partition.ts'
import { privacy } from './privacy.ts'
import { replication } from './replication.ts'
import { scale } from './scale.ts'
import { transfer } from './transfer.ts'
import { validation } from './validation.ts'
import type { TestCase } from './case.ts'
import type { CaseName } from '../params.ts'

/** The registry of the plan's test cases, by the name that the manifest and compositions use. */
export const testCases: Readonly<Record<CaseName, TestCase>> = {
  bootstrapping, churn, link, modelling, partition, privacy, replication, scale, transfer, validation
}

export function findCase (name: string): TestCase | undefined {
  return Object.hasOwn(testCases, name) ? testCases[name as CaseName] : undefined
}
