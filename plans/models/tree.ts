/** Rows in columns, each value replaced by its rank among the different values of its column: what trees are grown on. */
export interface RankedColumns {
  /** The numbers of all rows. */
  readonly rows: readonly number[]
  readonly columns: readonly RankedColumn[]
  /** Where the search for a split adds up, by rank; one tree is grown after another. */
  readonly scratch: Scratch
}

interface Scratch {
  readonly sums: Float64Array
  readonly counts: Float64Array
}

interface RankedColumn {
  readonly ranks: Uint16Array
  readonly values: readonly number[]
}

/** A leaf has no sides; a node sends rows with at most `threshold` in `column` to the left. */
export interface TreeNode {
  readonly column: number
  readonly threshold: number
  readonly left?: TreeNode
  readonly right?: TreeNode
  readonly value: number
}

interface Split {
  readonly column: number
  readonly rank: number
  readonly gain: number
}

/** The highest rank: so many different values, and one, can be told apart in a column. */
const rankMax = 65_535
/** The part of a sum of squares that rounding may make up. */
const rounding = 1e-12

/** Ranks every column once, so that trees on the same rows need not sort again. */
export function rankColumns (rows: ReadonlyArray<readonly number[]>): RankedColumns {
  const count = rows[0]?.length ?? 0
  const columns = Array.from({ length: count }, (_, j) => {
    const values = [...new Set(rows.map((row) => row[j] as number))].sort((a, b) => a - b)

    if (values.length > rankMax + 1) {
      throw new RangeError(`column ${j} has ${values.length} different values where a tree tells at most ${rankMax + 1} apart; fit to fewer rows`)
    }

    const rankOf = new Map(values.map((value, rank) => [value, rank]))
    return { values, ranks: Uint16Array.from(rows, (row) => rankOf.get(row[j] as number) as number) }
  })
  const longest = Math.max(0, ...columns.map(({ values }) => values.length))
  return {
    rows: rows.map((_, row) => row),
    columns,
    scratch: { sums: new Float64Array(longest), counts: new Float64Array(longest) }
  }
}

/**
 * Grows a regression tree (CART; Breiman et al. 1984) of at most `depth` levels: each node takes, of all splits of all columns, the one
 * after which the squared error is least, halfway between two neighbouring values; of equal ones the first.
 *
 * @param targets - one for each row
 * @param onLeaf - hears which rows ended in a leaf with which value
 */
export function growTree (
  { rows, columns, scratch }: RankedColumns, targets: Float64Array, depth: number, onLeaf: (rows: readonly number[], value: number) => void
): TreeNode {
  const grow = (members: readonly number[], level: number): TreeNode => {
    const total = sumOf(targets, members)
    const split = level < depth && members.length > 1 ? bestSplit(columns, targets, members, total, scratch) : undefined

    if (split == null) {
      const value = total / members.length
      onLeaf(members, value)
      return { column: -1, threshold: 0, value }
    }

    const { ranks, values } = columns[split.column] as RankedColumn
    const left: number[] = []
    const right: number[] = []
    // The value that follows in this node need not be the one that follows in the column.
    let next = rankMax

    for (const row of members) {
      const rank = ranks[row] as number

      if (rank <= split.rank) {
        left.push(row)
      } else {
        right.push(row)
        next = Math.min(next, rank)
      }
    }

    const threshold = ((values[split.rank] as number) + (values[next] as number)) / 2
    return { column: split.column, threshold, left: grow(left, level + 1), right: grow(right, level + 1), value: NaN }
  }

  return grow(rows, 0)
}

function sumOf (targets: Float64Array, members: readonly number[]): number {
  let sum = 0

  for (const row of members) {
    sum += targets[row] as number
  }

  return sum
}

function bestSplit (
  columns: readonly RankedColumn[], targets: Float64Array, members: readonly number[], total: number, scratch: Scratch
): Split | undefined {
  let squares = 0

  for (const row of members) {
    squares += (targets[row] as number) ** 2
  }

  // A split must explain more than rounding does.
  let gain = total * total / members.length + rounding * squares
  let best: Split | undefined

  for (const [column, ranked] of columns.entries()) {
    const split = bestOfColumn(ranked, targets, members, total, scratch)

    if (split.gain > gain) {
      gain = split.gain
      best = { column, ...split }
    }
  }

  return best
}

/** The gain is what, after the split, is to be subtracted from the sum of squares to have the squared error; none is -Infinity. */
function bestOfColumn (
  { ranks, values }: RankedColumn, targets: Float64Array, members: readonly number[], total: number, { sums, counts }: Scratch
): { rank: number, gain: number } {
  sums.fill(0, 0, values.length)
  counts.fill(0, 0, values.length)

  for (const row of members) {
    const rank = ranks[row] as number
    sums[rank] = (sums[rank] as number) + (targets[row] as number)
    counts[rank] = (counts[rank] as number) + 1
  }

  let best = { rank: -1, gain: -Infinity }
  let leftSum = 0
  let leftCount = 0

  for (let rank = 0; rank < values.length; rank++) {
    if (counts[rank] === 0) {
      continue
    }

    leftSum += sums[rank] as number
    leftCount += counts[rank] as number
    const rightCount = members.length - leftCount

    if (rightCount === 0) {
      break
    }

    const gain = leftSum * leftSum / leftCount + (total - leftSum) ** 2 / rightCount

    if (gain > best.gain) {
      best = { rank, gain }
    }
  }

  return best
}

export function valueOf (tree: TreeNode, features: readonly number[]): number {
  let node = tree

  while (node.left != null && node.right != null) {
    node = (features[node.column] as number) <= node.threshold ? node.left : node.right
  }

  return node.value
}
