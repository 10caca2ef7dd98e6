/**
 * Visits something and all that its visits lead to, so many at a time; as soon as one visit is over the next begins.
 *
 * @throws what the first failed visit threw, once the others, whose signal is aborted by then, are over
 */
export async function walkAtOnce<T> (
  start: T, atOnceMax: number, signal: AbortSignal, visit: (what: T, signal: AbortSignal) => Promise<T[]>
): Promise<void> {
  const failed = new AbortController()
  const given = AbortSignal.any([signal, failed.signal])
  const running = new Set<Promise<void>>()
  const waiting = [start]

  try {
    while (waiting.length > 0 || running.size > 0) {
      for (const what of waiting.splice(0, atOnceMax - running.size)) {
        const visiting = visit(what, given).then((found) => { waiting.push(...found) }).finally(() => { running.delete(visiting) })
        running.add(visiting)
      }

      await Promise.race(running)
    }
  } catch (err) {
    failed.abort(err)
    await Promise.allSettled(running)
    throw err
  }
}
