import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { chromium } from 'playwright-core'
import type { Browser } from 'playwright-core'

const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']

/** The Chromium of this machine; undefined where there is none. */
export const chromiumPath = [
  ...(process.env.CHROMIUM_PATH == null ? [] : [process.env.CHROMIUM_PATH]),
  ...(process.env.PATH ?? '').split(delimiter).flatMap((directory) => names.map((name) => join(directory, name)))
].find((path) => existsSync(path))

/** What a test that needs it says where it cannot be had. */
export const whyNoChromium = chromiumPath == null ? ' (not run: there is no chromium on this machine; install it, or name it in CHROMIUM_PATH)' : ''

export async function startChromium (): Promise<Browser> {
  // Root cannot have the sandbox, and continuous integration is root in a container of its own.
  return chromium.launch({ executablePath: chromiumPath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] })
}
