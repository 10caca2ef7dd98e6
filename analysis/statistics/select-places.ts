/**
 * Orders an array as far as it takes: afterwards the value at each place is the one that sorting would put there, with none above it
 * before and none below it after. In linear time for a few places, on average.
 *
 * Source: C. A. R. Hoare, "Algorithm 65: Find", Communications of the ACM 4 (1961), 321-322, with the median of three as pivot.
 *
 * @param values - without NaN; reordered in place
 * @param places - from 0, ascending
 */
export function selectPlaces (values: Float64Array, places: readonly number[]): void {
  let from = 0
  for (const place of places) {
    find(values, place, from)
    from = place
  }
}

function find (values: Float64Array, place: number, start: number): void {
  let [low, high] = [start, values.length - 1]
  // Values whose order defeats every pivot are sorted instead.
  let rounds = 4 * Math.ceil(Math.log2(values.length + 1))
  while (low < high) {
    if (rounds-- === 0) {
      values.subarray(low, high + 1).sort()
      return
    }
    const [left, right] = partition(values, low, high)
    if (place <= right) high = right
    else if (place >= left) low = left
    else return
  }
}

/** Divides a range by a pivot; between the two places that come back all values are the pivot. */
function partition (values: Float64Array, low: number, high: number): [left: number, right: number] {
  const pivot = middleOf(values[low] as number, values[(low + high) >> 1] as number, values[high] as number)
  let [left, right] = [low, high]
  while (left <= right) {
    while ((values[left] as number) < pivot) left++
    while ((values[right] as number) > pivot) right--
    if (left <= right) {
      const value = values[left] as number
      values[left++] = values[right] as number
      values[right--] = value
    }
  }
  return [left, right]
}

function middleOf (a: number, b: number, c: number): number {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c))
}
