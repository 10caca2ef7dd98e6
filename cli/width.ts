import { UsageError } from './usage-error.ts'
import type { Width } from '../analysis/index.ts'

/** By name, since help and refusals must not load the analysis. */
const widths: readonly Width[] = ['page', 'column']

/** The option of commands that draw figures. */
export const widthOption = {
  type: 'string', requiresArg: true, default: 'page',
  describe: 'how wide figures are: page, 516 points, or column, 252 points and without titles, as a paper sets them'
} as const

/** @throws {UsageError} */
export function readWidth (name: string): Width {
  const width = widths.find((each) => each === name)

  if (width == null) {
    throw new UsageError(`--width ${name} is none; use one of ${widths.join(', ')}`)
  }

  return width
}
