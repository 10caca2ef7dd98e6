import { RunRequestError } from './errors.ts'

/** One combination of the values of a matrix. */
export interface Cell {
  /** What its runs have in common, as a folder is called: `sync=fast,dials=8`; empty where there is no matrix. */
  readonly name: string
  readonly set: Readonly<Record<string, string>>
}

/** More combinations than this are a mistake rather than a panel. */
const cellsMax = 100_000
/** Longer folder names than this are more than some file systems take. */
const nameLengthMax = 200

/**
 * Reads `--matrix <parameter>=<value>,<value>`, each of which multiplies what there is.
 *
 * @returns the parameters with their values, in the order given
 * @throws {RunRequestError} naming the option and the cure
 */
export function parseMatrix (options: readonly string[]): Map<string, string[]> {
  const matrix = new Map<string, string[]>()

  for (const option of options) {
    const at = option.indexOf('=')
    const [name, values] = [option.slice(0, at), option.slice(at + 1).split(',').map((value) => value.trim())]

    if (at < 1 || values.includes('')) {
      throw new RunRequestError(`--matrix ${option}: write --matrix <parameter>=<value>,<value>`)
    }

    if (name === 'seed') {
      throw new RunRequestError(`--matrix ${option}: seeds make repeats rather than combinations; use --seeds ${values.join(',')}`)
    }

    if (matrix.has(name)) {
      throw new RunRequestError(`--matrix ${option}: ${name} is there twice; give all its values at once`)
    }

    if (new Set(values).size < values.length) {
      throw new RunRequestError(`--matrix ${option}: a value is there twice, and would be run twice the same; use --repeat for that`)
    }

    matrix.set(name, values)
  }

  return matrix
}

/**
 * All combinations, of which the last parameter changes first; a single one without a name where the matrix is empty.
 *
 * @throws {RunRequestError} for more than anybody can mean
 */
export function cellsOf (matrix: ReadonlyMap<string, readonly string[]>): Cell[] {
  const count = [...matrix.values()].reduce((product, values) => product * values.length, 1)

  if (count > cellsMax) {
    throw new RunRequestError(`the matrix has ${count.toLocaleString('en')} combinations, and a panel at most ${cellsMax.toLocaleString('en')}; take fewer values`)
  }

  const sets = [...matrix].reduce<Array<Record<string, string>>>(
    (before, [name, values]) => before.flatMap((set) => values.map((value) => ({ ...set, [name]: value }))), [{}])
  const taken = new Set<string>()
  return sets.map((set, i) => {
    const name = Object.entries(set).map(([parameter, value]) => `${parameter}=${folderText(value)}`).join(',').slice(0, nameLengthMax)
    // Values that differ only in what no folder name can hold would share a folder, and could not be told apart there.
    const own = taken.has(name) ? `${name},${i + 1}` : name
    taken.add(own)
    return { name: own, set }
  })
}

function folderText (value: string): string {
  return value.replace(/[^\w.-]+/g, '_')
}
