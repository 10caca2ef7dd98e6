import { Matrix, SingularValueDecomposition } from 'ml-matrix'

/** A gradient below this part of what rounding can make of it counts as none. */
const tolerance = 1e-12

/**
 * The coefficients, none of them negative, of the columns that come closest to `y` in the sense of least squares, by the active
 * set method of Lawson and Hanson ("Solving Least Squares Problems", 1974, chapter 23).
 *
 * @param rows - as many as `y` has values; each as long as there are columns
 */
export function nonNegativeLeastSquares (rows: ReadonlyArray<readonly number[]>, y: readonly number[]): number[] {
  const columns = rows[0]?.length ?? 0
  // Columns may differ by many orders of magnitude; scaled to length 1 they have gradients that can be compared.
  const lengths = Array.from({ length: columns }, (_, j) => Math.sqrt(rows.reduce((sum, row) => sum + at(row, j) ** 2, 0)) || 1)
  const scaled = rows.map((row) => row.map((value, j) => value / at(lengths, j)))
  const slack = tolerance * Math.sqrt(y.reduce((sum, value) => sum + value ** 2, 0))
  const passive = new Set<number>()
  let solution = new Array<number>(columns).fill(0)

  for (;;) {
    const next = steepest(scaled, y, solution, passive)

    if (next == null || next.gradient <= slack) {
      return solution.map((value, j) => value / at(lengths, j))
    }

    passive.add(next.column)
    const found = descend(scaled, y, solution, passive)

    // Rounding alone made the gradient where the column that was let in is at once put out again.
    if (!passive.has(next.column)) {
      return solution.map((value, j) => value / at(lengths, j))
    }

    solution = found
  }
}

/** Solves for the passive columns, and takes out of them those that would be negative on the way there. */
function descend (rows: number[][], y: readonly number[], from: readonly number[], passive: Set<number>): number[] {
  let solution = [...from]

  for (;;) {
    const aim = unrestricted(rows, y, passive, solution.length)
    const blocking = [...passive].filter((j) => at(aim, j) <= 0)

    if (blocking.length === 0) {
      return aim
    }

    const step = Math.min(...blocking.map((j) => at(solution, j) / (at(solution, j) - at(aim, j) || 1)))
    solution = solution.map((value, j) => value + step * (at(aim, j) - value))

    for (const j of blocking) {
      if (at(solution, j) <= tolerance) {
        passive.delete(j)
        solution[j] = 0
      }
    }
  }
}

/** The column that is not passive yet and along which the residual falls fastest. */
function steepest (
  rows: number[][], y: readonly number[], solution: readonly number[], passive: ReadonlySet<number>
): { column: number, gradient: number } | undefined {
  const residuals = rows.map((row, i) => at(y, i) - row.reduce((sum, value, j) => sum + value * at(solution, j), 0))
  let best: { column: number, gradient: number } | undefined

  for (let column = 0; column < solution.length; column++) {
    const gradient = passive.has(column) ? -Infinity : rows.reduce((sum, row, i) => sum + at(row, column) * at(residuals, i), 0)

    if (gradient > (best?.gradient ?? -Infinity)) {
      best = { column, gradient }
    }
  }

  return best
}

function unrestricted (rows: number[][], y: readonly number[], passive: ReadonlySet<number>, columns: number): number[] {
  const chosen = [...passive].sort((a, b) => a - b)
  const solved = new SingularValueDecomposition(new Matrix(rows.map((row) => chosen.map((j) => at(row, j)))), { autoTranspose: true })
    .solve(Matrix.columnVector([...y])).to1DArray()
  const solution = new Array<number>(columns).fill(0)
  chosen.forEach((column, k) => { solution[column] = at(solved, k) })
  return solution
}

/** An element that is there by construction. */
function at (values: readonly number[], index: number): number {
  return values[index] as number
}
