import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The script of reports, which the build makes of `browser/report-script.ts`: beside this room when built, and in `dist` before. */
const places = ['../report/report.js', '../dist/report/report.js'].map((path) => join(import.meta.dirname, path))

export interface ReportScript {
  text: string
  /** What a content policy names it by. */
  source: string
}

/** Undefined where nothing was built, and then figures are as they are drawn. */
export function reportScript (): ReportScript | undefined {
  const file = places.find((place) => existsSync(place))
  if (file === undefined) return undefined
  // Nothing in it may look like its end to the page that it stands in.
  const text = readFileSync(file, 'utf8').trim().replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--')
  return { text, source: `sha256-${createHash('sha256').update(text).digest('base64')}` }
}
