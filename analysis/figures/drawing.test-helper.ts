import { parseRow } from '../rows.ts'
import type { Row } from '../rows.ts'
import type { Drawing, Figure } from './figure.ts'

/** The rows of an instance, from its lines. */
export function rowsOf (group: string, index: number, text: string, run = 'main'): Row[] {
  return text.trim().split('\n').map((line) => parseRow(line, { run, group, index }) as Row)
}

export function figureOf (drawing: Drawing): Figure {
  if ('missing' in drawing) throw new Error(drawing.missing)
  return drawing.figure
}
