/**
 * Holm's correction: values of p such that all of those at most alpha may be called significant, with a chance of at
 * most alpha that any of them is not.
 *
 * Source: S. Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal of Statistics 6
 * (1979), 65-70.
 *
 * @returns corrected values in the order of those that were given
 */
export function holm (values: readonly number[]): number[] {
  const order = [...values.keys()].sort((a, b) => (values[a] as number) - (values[b] as number))
  const corrected = new Array<number>(values.length)
  let largest = 0
  for (const [rank, index] of order.entries()) {
    largest = Math.max(largest, Math.min(1, (values.length - rank) * (values[index] as number)))
    corrected[index] = largest
  }
  return corrected
}
