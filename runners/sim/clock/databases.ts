import { DatabaseSync } from 'node:sqlite'
import { currentActor } from './actor.ts'
import { replace } from './patch.ts'

type Methods = Record<string, (...args: unknown[]) => unknown>

/**
 * Keeps in mind which databases an actor uses: when its process is killed, what it has committed stays, what it has not is gone,
 * and its locks are given up, although the process of the simulation goes on.
 */
export function installDatabases (): void {
  const { close } = DatabaseSync.prototype

  function kill (database: DatabaseSync): void {
    if (database.isOpen) {
      if (database.isTransaction) {
        database.exec('ROLLBACK')
      }

      close.call(database)
    }
  }

  // The class itself cannot be replaced for those who import it, but everybody finds what its prototype has.
  for (const name of ['exec', 'prepare'] as const) {
    replace(DatabaseSync.prototype as unknown as Methods, name, (original) => function (this: DatabaseSync, ...args) {
      currentActor()?.open.set(this, () => { kill(this) })
      return original.apply(this, args)
    })
  }

  replace(DatabaseSync.prototype, 'close', () => function (this: DatabaseSync) {
    currentActor()?.open.delete(this)
    close.call(this)
  })
}
