import { growTree, rankColumns, valueOf } from './tree.ts'
import type { Fit } from './model.ts'
import type { TreeNode } from './tree.ts'

export interface BoostingOptions {
  readonly learningRate: number
  readonly trees: number
  /** Levels of splits in each tree. */
  readonly depth?: number
}

/**
 * Gradient boosting for least squares (Friedman, "Greedy Function Approximation: A Gradient Boosting Machine", 2001): from the mean,
 * each tree is fitted to what those before it left over, and a part of it is added. Nothing in it is drawn by chance.
 */
export function boosting ({ learningRate, trees, depth = 3 }: BoostingOptions): Fit {
  return (samples) => {
    const columns = rankColumns(samples.map(({ features }) => features))
    const residuals = Float64Array.from(samples, ({ runtimeSeconds }) => runtimeSeconds)
    const start = residuals.reduce((sum, value) => sum + value, 0) / residuals.length
    residuals.forEach((value, row) => { residuals[row] = value - start })
    const forest: TreeNode[] = []

    for (let i = 0; i < trees; i++) {
      // The leaves are told once the whole tree is grown on what was left over before it.
      const leaves: Array<[readonly number[], number]> = []
      forest.push(growTree(columns, residuals, depth, (rows, value) => { leaves.push([rows, value]) }))

      for (const [rows, value] of leaves) {
        for (const row of rows) {
          residuals[row] = (residuals[row] as number) - learningRate * value
        }
      }
    }

    return (features) => forest.reduce((sum, tree) => sum + learningRate * valueOf(tree, features), start)
  }
}
