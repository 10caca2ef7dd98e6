import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { create } from 'fontkit'
import type { Font } from 'fontkit'
import { FontError } from './errors.ts'
import { subsetFont } from './font-subset.ts'

/** Paths of the files of one font. */
export interface FontFiles {
  regular: string
  semiBold: string
}

/** The one font of all figures, ready to measure and to embed. */
export interface Fonts {
  files: FontFiles
  /** The bytes of the files. */
  data: { regular: Buffer, semiBold: Buffer }
  /** Width of a text in the unit of `size`, without kerning, which is under a hundredth and takes twenty times as long. */
  width (text: string, size: number, isBold?: boolean): number
  /** A font file with no more than some letters. */
  subset (letters: Iterable<string>, isBold?: boolean): Buffer
}

/**
 * Inter (SIL Open Font License), from the npm package that carries it.
 *
 * @param resolve - finds a file of a package; throws where it is not installed
 * @throws FontError where the package is not installed
 */
export function interFiles (resolve: (file: string) => string = createRequire(import.meta.url).resolve): FontFiles {
  const find = (file: string): string => {
    try {
      return resolve(`@expo-google-fonts/inter/${file}`)
    } catch {
      throw new FontError(`The font of the figures is missing, for @expo-google-fonts/inter/${file} is not installed: install the packages again with npm ci.`)
    }
  }
  return { regular: find('400Regular/Inter_400Regular.ttf'), semiBold: find('600SemiBold/Inter_600SemiBold.ttf') }
}

/** @throws FontError where a file is missing, or is no font */
export function loadFonts (files: FontFiles = interFiles()): Fonts {
  const [regular, semiBold] = [open(files.regular), open(files.semiBold)]
  return {
    files,
    data: { regular: regular.data, semiBold: semiBold.data },
    width: (text, size, isBold = false) => {
      const { font } = isBold ? semiBold : regular
      return font.glyphsForString(text).reduce((sum, { advanceWidth }) => sum + advanceWidth, 0) * size / font.unitsPerEm
    },
    subset: (letters, isBold = false) => {
      const { font, data } = isBold ? semiBold : regular
      return subsetFont(font, data, letters)
    }
  }
}

function open (path: string): { font: Font, data: Buffer } {
  let data: Buffer
  try {
    data = readFileSync(path)
  } catch (error) {
    throw new FontError(`The font of the figures cannot be read from ${path} (${(error as NodeJS.ErrnoException).code ?? (error as Error).message}): install the packages again with npm ci.`)
  }
  try {
    const font = create(data)
    if ('fonts' in font) throw new Error('it holds several')
    return { font, data }
  } catch (error) {
    throw new FontError(`The file ${path} is no font that figures can be set in (${(error as Error).message}): install the packages again with npm ci.`)
  }
}
