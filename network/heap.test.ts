import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createHeap } from './heap.ts'

type Item = readonly [key: number, order: number]
const before = (a: Item, b: Item): boolean => a[0] < b[0] || (a[0] === b[0] && a[1] < b[1])
const sorted = (items: Item[]): Item[] => items.toSorted((a, b) => a[0] - b[0] || a[1] - b[1])

function drain (heap: ReturnType<typeof createHeap<Item>>): Item[] {
  return Array.from({ length: heap.size }, () => {
    const first = heap.first()
    const popped = heap.pop()
    expect(popped).toBe(first)
    return popped as Item
  })
}

describe('a heap', () => {
  it('gives the first item first, whatever is pushed and popped in between', () => {
    const step = fc.oneof({ weight: 3, arbitrary: fc.integer({ min: 0, max: 9 }) }, { weight: 1, arbitrary: fc.constant('pop' as const) })
    fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const heap = createHeap<Item>(before)
      let model: Item[] = []
      steps.forEach((what, order) => {
        if (what === 'pop') {
          model = sorted(model)
          expect(heap.pop()).toEqual(model.shift())
        } else {
          heap.push([what, order])
          model.push([what, order])
        }
      })
      expect(drain(heap)).toEqual(sorted(model))
      expect(heap.pop()).toBeUndefined()
    }))
  })

  it('keeps what passes, in order', () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 20 })), (keys) => {
      const heap = createHeap<Item>(before)
      const items = keys.map((key, order): Item => [key, order])
      items.forEach((item) => { heap.push(item) })
      heap.keep(([key]) => key % 2 === 0)
      expect(drain(heap)).toEqual(sorted(items.filter(([key]) => key % 2 === 0)))
    }))
  })
})
