/**
 * Builds `dist/`: the library and the command with tsc, and the plan and the daemon as one file each with esbuild,
 * because a process that loads one bundled file starts five times faster and needs 40 % less memory.
 */
import { spawnSync } from 'node:child_process'
import { copyFileSync, cpSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { browserOptions, bundleOptions, isolatePlugin } from './bundle.ts'
import type { BuildOptions } from 'esbuild'

const root = join(import.meta.dirname, '..')
const target = join(root, 'dist')
// Two builds at once must not see each other's half-written files.
const draft = join(root, 'node_modules', '.cache', 'peerslab', `build-${process.pid}`)

const tsc = spawnSync(process.execPath, [
  join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', join(root, 'tsconfig.build.json'), '--outDir', draft
], { stdio: 'inherit', cwd: root })

if (tsc.status !== 0) {
  rmSync(draft, { recursive: true, force: true })
  process.exit(1)
}

await bundle(join(root, 'plans', 'main.ts'), join(draft, 'plan', 'peersdb.js'))
// What `testground plan import` takes: the plan beside its manifest, and what its image is made of.
cpSync(join(root, 'manifests', 'testground'), join(draft, 'plan'), { recursive: true })
copyFileSync(join(root, 'manifests', 'manifest.toml'), join(draft, 'plan', 'manifest.toml'))
await bundle(join(root, 'runners', 'sync', 'main.ts'), join(draft, 'sync-service', 'sync-service.js'))
await bundle(join(root, 'peersdb', 'daemon.ts'), join(draft, 'peersdb', 'daemon.js'))
await bundle(join(root, 'peersdb', 'main.ts'), join(draft, 'peersdb', 'main.js'))
await bundle(join(root, 'runners', 'sim', 'preload.ts'), join(draft, 'sim', 'preload.js'))
// Short names need a call for each function that is made to give it back its own, which takes a simulation a fifth of its time.
await bundle(join(root, 'runners', 'sim', 'simulation.ts'), join(draft, 'sim', 'simulation.js'), {
  minify: false, keepNames: false, plugins: [isolatePlugin()]
})
await bundle(join(root, 'analysis', 'browser', 'report-script.ts'), join(draft, 'report', 'report.js'), browserOptions)
writeFileSync(join(draft, '.built-from'), process.argv[2] ?? '')
replaceTarget()

async function bundle (entry: string, outfile: string, options: BuildOptions = {}): Promise<void> {
  await build({ ...bundleOptions, ...options, entryPoints: [entry], outfile, allowOverwrite: true })
}

/** Another build may put its own there between the two steps; the later one stays. */
function replaceTarget (attempts = 5): void {
  rmSync(target, { recursive: true, force: true })

  try {
    renameSync(draft, target)
  } catch (err) {
    if (attempts === 1) {
      throw err
    }

    replaceTarget(attempts - 1)
  }
}
