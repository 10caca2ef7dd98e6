import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import { isolatedSource, isolations } from '../runners/sim/isolate.ts'
import type { BuildOptions, Plugin } from 'esbuild'

const root = join(import.meta.dirname, '..')

/** How esbuild makes one file of a program and all that it imports. */
export const bundleOptions = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  minify: true,
  keepNames: true,
  sourcemap: 'linked',
  sourcesContent: false,
  alias: { level: join(root, 'scripts', 'no-level.ts') },
  // A native module finds its binary beside its own files, so it stays where npm put it; WebRTC is loaded by nobody.
  external: ['node-datachannel'],
  banner: { js: 'import { createRequire } from \'node:module\'; const require = createRequire(import.meta.url);' },
  logLevel: 'error'
} satisfies BuildOptions

/** One file for a browser, which a page can carry within itself. */
export const browserOptions = { platform: 'browser', format: 'iife', target: 'es2022', keepNames: false, sourcemap: false, alias: {}, external: [], banner: {} } satisfies BuildOptions

/** Makes each simulated instance's own what libraries keep once per process; every change must find its file. */
export function isolatePlugin (): Plugin {
  return {
    name: 'isolate',
    setup: ({ onLoad, onEnd }) => {
      const left = new Set(isolations)

      for (const isolation of isolations) {
        // As esbuild finds it, where packages are links.
        const directory = realpathSync(join(root, 'node_modules', isolation.package))
        const pattern = join(directory, isolation.file).replace(/[^\w]/g, '\\$&')
        onLoad({ filter: new RegExp(`^${pattern}$`) }, () => {
          left.delete(isolation)
          return { contents: isolatedSource(isolation, directory), loader: 'js' }
        })
      }

      onEnd(() => ({ errors: [...left].map(({ package: name, file }) => ({ text: `${name}/${file} is not part of the simulation any more; mend runners/sim/isolate.ts` })) }))
    }
  }
}
