/** One measured execution: what Ernest learns from. */
export interface ErnestRow {
  machineCount: number
  /** The size of the input, in any unit that all rows share. */
  size: number
  runtimeSeconds: number
}

export type ErnestCoefficients = [fixed: number, perShare: number, perLogarithm: number, perMachine: number]

/** The fewest rows that a fit of four coefficients says anything about. */
export const ernestRowsMin = 8

/** Fewer columns first, so that the simpler of two equally good models is found first. */
const activeSets = Array.from({ length: 15 }, (_, i) => [0, 1, 2, 3].filter((column) => ((i + 1) & (1 << column)) !== 0))
  .sort((a, b) => a.length - b.length)

/** [1, size / n, ln n, n] for n machines: serial work, parallel work, aggregation by a tree, and overhead per machine. */
function features ({ machineCount, size }: Pick<ErnestRow, 'machineCount' | 'size'>): number[] {
  return [1, size / machineCount, Math.log(machineCount), machineCount]
}

/**
 * Fits Ernest's model of the runtime, in seconds, by least squares with coefficients that are not negative (Venkataraman et al.,
 * "Ernest: Efficient Performance Prediction for Large-Scale Advanced Analytics", NSDI 2016). With four columns the optimum is exact:
 * it is the best of the 15 unrestricted fits to some of the columns whose coefficients are all positive.
 */
export function fitErnest (rows: Iterable<ErnestRow>): ErnestCoefficients {
  const samples = Array.from(rows, (row) => ({ x: features(row), y: row.runtimeSeconds }))
  // Columns differ by many orders of magnitude; scaled to length 1, a pivot close to 0 means a column that depends on the others.
  const lengths = [0, 1, 2, 3].map((i) => Math.sqrt(sum(samples, ({ x }) => at(x, i) ** 2)))
  const gram = lengths.map((length, i) => lengths.map((other, j) => sum(samples, ({ x }) => at(x, i) * at(x, j)) / (length * other)))
  const target = lengths.map((length, i) => sum(samples, ({ x, y }) => at(x, i) * y) / length)
  let best = { gain: 0, coefficients: [0, 0, 0, 0] }

  for (const columns of activeSets.filter((set) => set.every((i) => at(lengths, i) > 0))) {
    const solution = solve(columns.map((i) => columns.map((j) => at(at(gram, i), j))), columns.map((i) => at(target, i)))

    if (solution == null || solution.some((value) => value < 0)) {
      continue
    }

    // The sum of squares that this fit explains; the residual is the rest.
    const gain = sum(columns, (column, k) => at(target, column) * at(solution, k))

    if (gain > best.gain * (1 + 1e-12)) {
      const coefficients = [0, 0, 0, 0]
      columns.forEach((column, k) => { coefficients[column] = at(solution, k) / at(lengths, column) })
      best = { gain, coefficients }
    }
  }

  return best.coefficients as ErnestCoefficients
}

/** The runtime that the model expects, in seconds. */
export function predictErnest (coefficients: ErnestCoefficients, input: Pick<ErnestRow, 'machineCount' | 'size'>): number {
  const x = features(input)
  return sum(coefficients, (coefficient, i) => coefficient * at(x, i))
}

/** Solves a symmetric positive definite system by Cholesky's decomposition; undefined where its columns depend on each other. */
function solve (matrix: number[][], target: number[]): number[] | undefined {
  const size = target.length
  const lower = matrix.map((row) => row.map(() => 0))

  for (let i = 0; i < size; i++) {
    const row = at(lower, i)

    for (let j = 0; j <= i; j++) {
      const other = at(lower, j)
      const rest = at(at(matrix, i), j) - sum(row.slice(0, j), (value, k) => value * at(other, k))

      if (i === j && rest < 1e-12) {
        return undefined
      }

      row[j] = i === j ? Math.sqrt(rest) : rest / at(other, j)
    }
  }

  const forward: number[] = []
  lower.forEach((row, i) => { forward.push((at(target, i) - sum(forward, (value, k) => value * at(row, k))) / at(row, i)) })
  const solution = forward.map(() => 0)

  for (let i = size - 1; i >= 0; i--) {
    const known = sum(solution, (value, k) => k > i ? value * at(at(lower, k), i) : 0)
    solution[i] = (at(forward, i) - known) / at(at(lower, i), i)
  }

  return solution
}

function sum<T> (values: Iterable<T>, term: (value: T, index: number) => number): number {
  let total = 0
  let index = 0

  for (const value of values) {
    total += term(value, index++)
  }

  return total
}

/** An element that is there by construction. */
function at<T> (values: readonly T[], index: number): T {
  return values[index] as T
}
