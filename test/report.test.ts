import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { row, wholeFolder, writeInstance } from '../analysis/folder.test-helper.ts'
import { loadFonts } from '../analysis/fonts.ts'
import { analyze } from '../analysis/index.ts'
import { chromiumPath, startChromium, whyNoChromium } from './chromium.test-helper.ts'
import { makeBench } from './command.test-helper.ts'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'

/** WCAG 2.2, success criterion 1.4.3, for text of usual size. */
const contrastMin = 4.5

let folder: string
let report: string
let browser: Browser
/** What the pages asked the network for, and complained of. */
const complaints: string[] = []

beforeAll(async () => {
  if (chromiumPath == null) return
  // Builds the script of reports where it is not built yet.
  await (await makeBench()).clear()
  folder = await wholeFolder()
  await writeInstance(folder, 'peers', 5, row('link_rtt_ms,from=a</script>,to=b,region=a', { value: 20, asked: 20 }))
  report = (await analyze(folder)).report
  browser = await startChromium()
}, 180_000)
afterAll(async () => {
  await browser?.close()
  if (folder != null) await rm(folder, { recursive: true })
})

/** The report as a reader sees it who has scrolled through it once. */
async function open (options: BrowserContextOptions = {}): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1000, height: 900 }, ...options })
  page.on('console', (message) => complaints.push(`console: ${message.text()}`))
  page.on('pageerror', (err) => complaints.push(`error: ${err.message}`))
  page.on('request', (request) => {
    if (request.url() !== pathToFileURL(report).href) complaints.push(`request: ${request.url()}`)
  })
  await page.goto(pathToFileURL(report).href)
  for (const figure of await page.locator('figure').all()) {
    await figure.scrollIntoViewIfNeeded()
    await figure.locator('.vega-embed').waitFor({ timeout: 10_000 })
  }
  return page
}

/** The least contrast of any text outside figures, against the background that it stands on, and what the text is. */
const leastContrast = `(() => {
  const channel = (value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  const luminance = ([r, g, b]) => 0.2126 * channel(r / 255) + 0.7152 * channel(g / 255) + 0.0722 * channel(b / 255)
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number)
  const background = (element) => { const found = rgb(getComputedStyle(element).backgroundColor); return found[3] === 0 ? background(element.parentElement) : found }
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  let least = { contrast: 21, text: '' }
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const element = node.parentElement
    if (node.textContent.trim() === '' || element.closest('svg, script, style, #vg-tooltip-element') !== null) continue
    const [light, dark] = [luminance(rgb(getComputedStyle(element).color)), luminance(background(element))].sort((a, b) => b - a)
    const contrast = (light + 0.05) / (dark + 0.05)
    if (contrast < least.contrast) least = { contrast, text: node.textContent.slice(0, 60) }
  }
  return least
})()`

/** The lightest and the darkest of a picture, as relative luminance, as it really is on the screen with all filters. */
async function luminances (png: Buffer): Promise<{ least: number, most: number }> {
  const blank = await browser.newPage()
  const found = await blank.evaluate(async (base64) => {
    const blob = await (await fetch(`data:image/png;base64,${base64}`)).blob()
    const bitmap = await createImageBitmap(blob)
    const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d')!
    context.drawImage(bitmap, 0, 0)
    const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height)
    const channel = (value: number): number => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
    let [least, most] = [1, 0]
    for (let at = 0; at < data.length; at += 4) {
      const luminance = 0.2126 * channel(data[at]! / 255) + 0.7152 * channel(data[at + 1]! / 255) + 0.0722 * channel(data[at + 2]! / 255)
      least = Math.min(least, luminance)
      most = Math.max(most, luminance)
    }
    return { least, most }
  }, png.toString('base64'))
  await blank.close()
  return found
}

describe.skipIf(chromiumPath == null)(`the report in Chromium${whyNoChromium}`, () => {
  it('is one file below 3 MB that asks nothing of the network and has no cause to complain', async () => {
    const page = await open()
    expect((await stat(report)).size).toBeLessThan(3e6)
    expect(await page.locator('figure').count()).toBeGreaterThanOrEqual(3)
    expect(await page.locator('.drawn-only').count()).toBe(0)
    expect(await page.locator('h2').allInnerTexts()).toEqual(['Figures', 'Numbers', 'Further metrics', 'Warnings', 'Run it again', 'What was run'])
    expect(await page.locator('#again + pre').innerText()).toContain('npx peerslab run composition/quick.toml')
    expect(complaints).toEqual([])
    await page.close()
  })

  it('brings its font, as each of its figures does, whose texts are as wide as they were measured', async () => {
    const fonts = loadFonts()
    const page = await open()
    const loaded = '[...document.fonts].map(({ family, weight, status }) => `${family} ${weight} ${status}`)'
    expect(await page.evaluate(loaded)).toEqual(['Inter 400 loaded', 'Inter 600 loaded'])
    await page.close()
    const alone = await browser.newPage()
    await alone.goto(pathToFileURL(join(folder, 'figures', 'replication.svg')).href)
    await alone.evaluate('document.fonts.ready.then(() => {})')
    expect(await alone.evaluate(loaded)).toEqual(['Inter 400 loaded', 'Inter 600 loaded'])
    const texts = await alone.evaluate(() => [...document.querySelectorAll('text')].filter((text) => text.childElementCount === 0).map((text) => {
      const [size, weight] = ['font-size', 'font-weight'].map((name) => text.getAttribute(name) ?? '') as [string, string]
      return { content: text.textContent, width: text.getComputedTextLength(), size: parseFloat(size), isBold: weight === '600' }
    }))
    expect(texts.length).toBeGreaterThan(20)
    for (const { content, width, size, isBold } of texts) {
      expect(Math.abs(width / fonts.width(content.trim(), size, isBold) - 1), content).toBeLessThan(0.01)
    }
    await alone.close()
  })

  it('can be filtered, zoomed and hovered over', async () => {
    const page = await open()
    const figure = page.locator('figure[data-figure=replication]')
    const lines = figure.locator('.mark-line path')
    const before = await lines.count()
    await figure.getByRole('button', { name: 'us-west1' }).press('Enter')
    expect(await figure.getByRole('button', { name: 'us-west1' }).getAttribute('aria-pressed')).toBe('false')
    await expect.poll(() => lines.count()).toBe(before - 2)
    await figure.getByRole('button', { name: 'All' }).press('Enter')
    await expect.poll(() => lines.count()).toBe(before)
    const labels = async (): Promise<string> => (await figure.locator('.role-axis-label text').allTextContents()).sort().join(' ')
    const whole = await labels()
    await figure.getByRole('button', { name: 'In' }).press('Enter')
    await expect.poll(labels).not.toBe(whole)
    await figure.getByRole('button', { name: 'Reset' }).press('Enter')
    await expect.poll(labels).toBe(whole)
    const dot = page.locator('figure[data-figure=bootstrapping] .mark-symbol path').first()
    await dot.scrollIntoViewIfNeeded()
    await dot.hover({ force: true })
    await page.locator('#vg-tooltip-element.visible').waitFor({ timeout: 5_000 })
    expect(await page.locator('#vg-tooltip-element').innerText()).toMatch(/region/)
    expect(complaints).toEqual([])
    await page.close()
  })

  it('is usable at 400 pixels: nothing but tables and figures in frames of their own goes beyond', async () => {
    const page = await open({ viewport: { width: 400, height: 800 } })
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(400)
    await page.close()
  })

  it('is usable by keyboard: Tab comes to every control, and shows where it is', async () => {
    const page = await open()
    const wanted = await page.evaluate(() => {
      const controls = [...document.querySelectorAll('a[href], button, summary, [tabindex="0"]')].filter((element) => element.closest('svg') === null && element.checkVisibility())
      controls.forEach((element, index) => { element.setAttribute('data-control', String(index)) })
      return controls.length
    })
    await page.evaluate('document.body.focus(); scrollTo(0, 0)')
    const reached = new Set<string>()
    for (let step = 0; step < 2 * wanted && reached.size < wanted; step++) {
      await page.keyboard.press('Tab')
      const at = await page.evaluate(() => {
        const focused = document.activeElement!
        return { control: focused.getAttribute('data-control'), outline: getComputedStyle(focused).outlineStyle }
      })
      if (at.control != null) reached.add(at.control)
      if (at.control != null) expect(at.outline).toBe('solid')
    }
    expect(reached.size).toBe(wanted)
    expect(wanted).toBeGreaterThan(20)
    await page.close()
  })

  it.for(['light', 'dark'] as const)('is readable in the %s', async (colorScheme) => {
    const page = await open({ colorScheme })
    const { contrast, text } = await page.evaluate(leastContrast) as { contrast: number, text: string }
    expect(contrast, text).toBeGreaterThanOrEqual(contrastMin)
    // The corner of a figure is its paper; in the dark, white paper would blind.
    for (const figure of await page.locator('figure .scroll svg').all()) {
      const { least, most } = await luminances(await figure.screenshot())
      expect((most + 0.05) / (least + 0.05)).toBeGreaterThan(7)
      const box = (await figure.boundingBox())!
      const scrolled = await page.evaluate(() => scrollY)
      const clip = { x: box.x + 2, y: box.y + 2 + scrolled, width: 3, height: 3 }
      const paper = await luminances(await page.screenshot({ fullPage: true, clip }))
      if (colorScheme === 'dark') expect(paper.most).toBeLessThan(0.1)
      else expect(paper.least).toBeGreaterThan(0.9)
    }
    await page.close()
  })
})
