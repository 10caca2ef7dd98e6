import type { Fonts } from './fonts.ts'

/** Letters of a figure by the weight that they are set in. */
interface Letters {
  regular: Set<string>
  semiBold: Set<string>
}

const entities: Readonly<Record<string, string>> = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': '\'', '&apos;': '\'' }

/**
 * The SVG with its font in it, as far as it needs it: a browser then sets texts in the letters that they were measured with, whatever
 * is installed. Programs that do not read fonts out of SVG take the next of its list, as they did before.
 *
 * @param svg - as Vega writes it
 */
export function embedFont (svg: string, fonts: Fonts): string {
  const style = `<style>${fontFaces(lettersOf([svg]), fonts)}</style>`
  return svg.replace(/<svg[^>]*>(?:<title>[^<]*<\/title>)?/, (start) => start + style)
}

/** The rules for a page with these figures and text of its own: their letters, and those of languages of western Europe. */
export function pageFont (svgs: readonly string[], fonts: Fonts): string {
  const { regular, semiBold } = lettersOf(svgs)
  for (let code = 0x20; code < 0x180; code++) {
    const letter = String.fromCodePoint(code)
    regular.add(letter)
    semiBold.add(letter)
  }
  return fontFaces({ regular, semiBold }, fonts)
}

function fontFaces ({ regular, semiBold }: Letters, fonts: Fonts): string {
  const face = (weight: number, letters: ReadonlySet<string>, isBold: boolean): string => letters.size === 0
    ? ''
    : `@font-face{font-family:Inter;font-weight:${weight};src:url(data:font/ttf;base64,${fonts.subset(letters, isBold).toString('base64')}) format("truetype")}`
  return face(400, regular, false) + face(600, semiBold, true)
}

/** What stands in the texts of figures. */
function lettersOf (svgs: readonly string[]): Letters {
  const letters: Letters = { regular: new Set(), semiBold: new Set() }
  for (const [, attributes = '', content = ''] of svgs.flatMap((svg) => [...svg.matchAll(/<text([^>]*)>(.*?)<\/text>/gs)])) {
    const text = content.replace(/<[^>]*>/g, '').replace(/&[^;]+;/g, (entity) => entities[entity] ?? entity)
    const own = /font-weight="(?:600|700|bold)"/.test(attributes) ? letters.semiBold : letters.regular
    for (const letter of text) own.add(letter)
  }
  return letters
}
