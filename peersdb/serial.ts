/** Runs tasks one after another, in the order in which they were given. */
export function createSerial (): <T>(task: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()

  return (task) => {
    const result = last.then(task)
    // Whoever gave the task sees its error; the next task runs all the same.
    last = result.catch(() => {})
    return result
  }
}
