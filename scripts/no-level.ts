/**
 * Stands in bundles where OrbitDB's storage on LevelDB would be, which no peer of ours opens: its native module is a
 * file of its own beside the bundle, without which the bundle could not be copied to where it runs.
 */
export class Level {
  constructor () {
    throw new Error('this program is built without LevelDB; give OrbitDB a storage of its own')
  }
}
