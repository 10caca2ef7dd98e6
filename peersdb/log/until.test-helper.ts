/** How long something may take that peers do by themselves, in milliseconds. */
const boundMs = 20_000

/**
 * Resolves once something is so, which is looked at now and whenever an event happens; rejects after 20 seconds.
 *
 * @param what - what has not happened then, a sentence
 * @param listen - has `look` called whenever it may have changed, until the signal
 */
export async function until (
  what: string, listen: (look: () => void, signal: AbortSignal) => void, isSo: () => Promise<boolean>
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const over = new AbortController()
  const timer = setTimeout(() => { reject(new Error(`${what}, within ${boundMs / 1000} s`)) }, boundMs)
  const look = (): void => { isSo().then((so) => so && resolve(), reject) }
  listen(look, over.signal)
  look()

  try {
    await promise
  } finally {
    clearTimeout(timer)
    over.abort()
  }
}
