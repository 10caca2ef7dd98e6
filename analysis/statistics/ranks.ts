/** Ranks of values from 1, those of ties their mean; and how many values each tie has. */
export interface Ranks {
  /** In the order of the values that were given. */
  ranks: number[]
  /** Sizes of all groups of equal values, those of one value among them. */
  ties: number[]
}

/** Midranks. Infinite values rank as well, equal to each other. */
export function midranks (values: readonly number[]): Ranks {
  const order = [...values.keys()].sort((a, b) => compareNumbers(values[a] as number, values[b] as number))
  const ranks = new Array<number>(values.length)
  const ties: number[] = []
  for (let from = 0; from < order.length;) {
    let to = from + 1
    while (to < order.length && values[order[to] as number] === values[order[from] as number]) to++
    for (let at = from; at < to; at++) ranks[order[at] as number] = (from + 1 + to) / 2
    ties.push(to - from)
    from = to
  }
  return { ranks, ties }
}

/** By size; infinities, whose difference is no number, too. */
function compareNumbers (a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0
}
