import { Matrix, SingularValueDecomposition } from 'ml-matrix'

/** A linear function with an intercept. */
export interface Plane {
  readonly intercept: number
  readonly slopes: readonly number[]
}

/**
 * Ordinary least squares with an intercept. Where there are fewer rows than columns, or columns depend on each other, it is that
 * solution whose slopes are the shortest, as LAPACK's `gelsd` gives it.
 *
 * @param rows - as many as `y` has values, at least one
 */
export function leastSquares (rows: ReadonlyArray<readonly number[]>, y: readonly number[]): Plane {
  const columns = rows[0]?.length ?? 0
  const centre = Array.from({ length: columns }, (_, j) => mean(rows.map((row) => row[j] ?? 0)))
  const level = mean(y)
  const centred = rows.map((row) => row.map((value, j) => value - (centre[j] ?? 0)))

  if (columns === 0 || centred.every((row) => row.every((value) => value === 0))) {
    return { intercept: level, slopes: new Array<number>(columns).fill(0) }
  }

  const slopes = shortest(new Matrix(centred), Matrix.columnVector(y.map((value) => value - level)))
  return { intercept: level - dot(slopes, centre), slopes }
}

export function valueAt ({ intercept, slopes }: Plane, row: readonly number[]): number {
  return intercept + dot(slopes, row)
}

function shortest (matrix: Matrix, target: Matrix): number[] {
  const decomposed = new SingularValueDecomposition(matrix, { autoTranspose: true })
  const { leftSingularVectors: left, rightSingularVectors: right, diagonal } = decomposed
  const smallest = Math.max(...diagonal) * Number.EPSILON * Math.max(matrix.rows, matrix.columns)
  const slopes = new Array<number>(matrix.columns).fill(0)

  for (const [k, singular] of diagonal.entries()) {
    if (singular > smallest) {
      const along = dot(left.getColumn(k), target.to1DArray()) / singular
      right.getColumn(k).forEach((component, j) => { slopes[j] = (slopes[j] ?? 0) + along * component })
    }
  }

  return slopes
}

function mean (values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function dot (a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0)
}
