/**
 * Contributes to the store in the given directory from the given index on, with a pool where one is given, and prints each index that
 * was stored, until it is killed.
 */
import { writeSync } from 'node:fs'
import { cidOf, contribute } from './samples.test-helper.ts'
import { openStore } from './store.ts'

const [directory, first, poolDirectory] = process.argv.slice(2)
const store = await openStore({ directory: directory!, poolDirectory })

for (let index = Number(first); ; index++) {
  contribute(store, index)

  if (index % 5 === 0) {
    const large = new Uint8Array(200_000).fill(index % 251)
    large.set(new TextEncoder().encode(`large ${index}`))
    await store.blocks.put(cidOf(large), large)
    store.files.hold(cidOf(large), [])
  }

  // Synchronous, so that what was printed is out when the process dies.
  writeSync(1, `${index}\n`)
}
