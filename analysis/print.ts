import { lstat, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { undefinedWhereAbsent } from './absent.ts'
import { csv } from './csv.ts'
import { embedFont } from './embed-font.ts'
import { RunFolderError } from './errors.ts'
import { renderPdf } from './render-pdf.ts'
import { atWidth, renderPng, renderSvg, titledSvg } from './render.ts'
import type { Figure } from './figures/figure.ts'
import type { Fonts } from './fonts.ts'
import { writeWhole } from './write.ts'

/** Forms of a figure: to change, the rows that are drawn, and to print. */
export const forms = ['vl.json', 'csv', 'svg', 'pdf', 'png'] as const
export type Form = typeof forms[number]

/** A figure in its forms; the same rows give the same bytes. `inline` is the SVG without its font, for a page that has it. */
export type Printed = Readonly<Partial<Record<Form, string | Buffer>> & { svg: string, inline: string }>

export interface PrintOptions {
  /** Those that are wanted, all where nothing is said; SVG is always there. */
  forms?: readonly Form[]
  /** Hears what Vega finds odd about the spec. */
  onComplaint?: (complaint: string) => void
}

/** Renders a figure in its forms, each at its printed size. */
export async function printFigure (
  { title, width, spec, drawn }: Figure, fonts: Fonts, { forms: wanted = forms, onComplaint }: PrintOptions = {}
): Promise<Printed> {
  const inline = titledSvg(atWidth(await renderSvg(spec, fonts, onComplaint), width), title)
  const [png, pdf] = await Promise.all([
    wanted.includes('png') ? renderPng(inline, fonts) : undefined,
    wanted.includes('pdf') ? renderPdf(inline, title, fonts) : undefined
  ])
  const svg = embedFont(inline, fonts)
  return { 'vl.json': `${JSON.stringify(spec, null, 2)}\n`, csv: csv(drawn), svg, inline, ...(pdf === undefined ? {} : { pdf }), ...(png === undefined ? {} : { png }) }
}

/**
 * Makes the folder of figures, which must not be a link to somewhere else.
 *
 * @throws RunFolderError where it cannot be made, or is no folder
 */
export async function makeFigureFolder (path: string): Promise<void> {
  const info = await lstat(path).catch(undefinedWhereAbsent)
  if (info !== undefined && !info.isDirectory()) throw new RunFolderError(`${path} is no folder, so that no figures can be written there: move it away and try again.`)
  await mkdir(path, { recursive: true }).catch((error: unknown) => {
    throw new RunFolderError(`Cannot make ${path}: ${(error as Error).message}. Make the folder writable, or name another one.`)
  })
}

/** Writes the forms of a figure and removes those that it was not printed in; returns the paths of the written. */
export async function writeForms (folder: string, name: string, printed: Printed): Promise<string[]> {
  const paths: string[] = []
  for (const form of forms) {
    const path = join(folder, `${name}.${form}`)
    const data = printed[form]
    if (data === undefined) {
      await rm(path, { force: true })
      continue
    }
    await writeWhole(path, data)
    paths.push(path)
  }
  return paths
}

/** Removes what an earlier analysis drew, for it would contradict this one. */
export async function removeForms (folder: string, name: string): Promise<void> {
  for (const form of forms) await rm(join(folder, `${name}.${form}`), { force: true })
}
