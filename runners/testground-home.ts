import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** Testground's home, where its settings and imported plans are, as its own command finds it (testground, pkg/config/loader.go). */
export function testgroundHome (env: NodeJS.ProcessEnv = process.env): string {
  const { TESTGROUND_HOME: home, HOME: user = homedir(), XDG_CONFIG_HOME: config } = env

  if (home != null && home !== '') {
    return home
  }

  const old = join(user, 'testground')
  return existsSync(old) ? old : join(config == null || config === '' ? join(user, '.config') : config, 'testground')
}
