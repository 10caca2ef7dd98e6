/** A binary heap: the first item, by an order that is total, is at hand in constant time. */
export interface Heap<T> {
  readonly size: number
  first (): T | undefined
  push (item: T): void
  /** Takes the first item out. */
  pop (): T | undefined
  /** Forgets all items that do not pass. */
  keep (passes: (item: T) => boolean): void
}

/** @param before - whether `a` comes before `b`; never true both ways */
export function createHeap<T> (before: (a: T, b: T) => boolean): Heap<T> {
  let items: T[] = []

  function push (item: T): void {
    let index = items.length

    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = items[parent] as T

      if (before(above, item)) {
        break
      }

      items[index] = above
      index = parent
    }

    items[index] = item
  }

  function sink (item: T): void {
    let index = 0

    for (let child = 1; child < items.length; child = 2 * index + 1) {
      if (child + 1 < items.length && before(items[child + 1] as T, items[child] as T)) {
        child++
      }

      if (before(item, items[child] as T)) {
        break
      }

      items[index] = items[child] as T
      index = child
    }

    items[index] = item
  }

  return {
    get size () { return items.length },
    first: () => items[0],
    push,
    pop: () => {
      const first = items[0]
      const last = items.pop()

      if (items.length > 0) {
        sink(last as T)
      }

      return first
    },
    keep: (passes) => {
      const kept = items.filter(passes)
      items = []
      kept.forEach(push)
    }
  }
}
