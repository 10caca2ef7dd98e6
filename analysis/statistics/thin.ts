/** At most `limit` items, evenly spread, first and last among them: what a figure can show. */
export function thin<T> (items: readonly T[], limit: number): T[] {
  if (items.length <= limit) return [...items]
  const stride = (items.length - 1) / (limit - 1)
  return Array.from({ length: limit }, (_, index) => items[Math.round(index * stride)] as T)
}
