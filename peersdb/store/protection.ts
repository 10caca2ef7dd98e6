import { keyOf } from './multihash.ts'

/** Which blocks were put or looked up while someone was bringing together the blocks of a file. */
export class Protection {
  readonly #noted = new Set<string>()
  #holders = 0

  /** Starts taking notes, until every such holder has been disposed. */
  begin (): Disposable {
    let held = true
    this.#holders++

    return {
      [Symbol.dispose]: () => {
        this.#holders -= held ? 1 : 0
        held = false

        if (this.#holders === 0) {
          this.#noted.clear()
        }
      }
    }
  }

  note (multihash: Uint8Array): void {
    if (this.#holders > 0) {
      this.#noted.add(keyOf(multihash))
    }
  }

  covers (multihash: Uint8Array): boolean {
    return this.#noted.has(keyOf(multihash))
  }
}
