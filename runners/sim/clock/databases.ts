import sqlite from 'node:sqlite'
import { currentActor } from './actor.ts'
import { replace } from './patch.ts'

/**
 * Keeps in mind which databases an actor has open: when its process is killed, what it has committed stays, what it has not is
 * gone, and its locks are given up, although the process of the simulation goes on.
 */
export function installDatabases (): void {
  replace(sqlite, 'DatabaseSync', (DatabaseSync) => class extends DatabaseSync {
    constructor (...args: ConstructorParameters<typeof DatabaseSync>) {
      super(...args)
      currentActor()?.open.set(this, () => { this.#kill() })
    }

    override close (): void {
      currentActor()?.open.delete(this)
      super.close()
    }

    #kill (): void {
      if (this.isOpen) {
        if (this.isTransaction) {
          this.exec('ROLLBACK')
        }

        super.close()
      }
    }
  })
}
