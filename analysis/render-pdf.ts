import PDFDocument from 'pdfkit'
import svgToPdf from 'svg-to-pdfkit'
import type { Fonts } from './fonts.ts'
import { sizeOf } from './render.ts'

/** The same for all figures, because a date of today would give other bytes each day. */
const createdAt = new Date('2000-01-01T00:00:00Z')

/**
 * The SVG as one page of PDF of its own size, its text as text in the embedded font; the same SVG gives the same bytes.
 *
 * @param title - what a reader of the PDF is told that it is
 */
export async function renderPdf (svg: string, title: string, { data }: Fonts): Promise<Buffer> {
  const { width, height } = sizeOf(svg)
  const document = new PDFDocument({
    size: [width, height], margin: 0, pdfVersion: '1.7', lang: 'en', displayTitle: true,
    info: { Title: title, Creator: 'PeersLab', Producer: 'PDFKit', CreationDate: createdAt }
  })
  const chunks: Buffer[] = []
  const ended = new Promise<void>((resolve, reject) => {
    document.on('data', (chunk: Buffer) => { chunks.push(chunk) }).on('end', resolve).on('error', reject)
  })
  document.registerFont('Inter', data.regular)
  document.registerFont('Inter-SemiBold', data.semiBold)
  // Its types say that it takes the class; it takes a document.
  svgToPdf(document as unknown as typeof PDFDocument, withSoundDashes(svg), 0, 0, {
    width, height, assumePt: false,
    fontCallback: (_family, isBold) => isBold ? 'Inter-SemiBold' : 'Inter',
    warningCallback: (warning) => { throw new Error(`A figure cannot be made a PDF: ${warning}`) }
  })
  document.end()
  await ended
  return Buffer.concat(chunks)
}

/** A dash without a gap is a line; pdfkit refuses it. */
function withSoundDashes (svg: string): string {
  return svg.replace(/ stroke-dasharray="([^"]*)"/g, (attribute, dashes: string) =>
    dashes.split(/[\s,]+/).filter((dash) => Number(dash) > 0).length < 2 ? '' : attribute)
}
