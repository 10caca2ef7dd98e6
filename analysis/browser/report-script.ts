/**
 * What a report does in a browser: replaces the drawn figures, as they come near the window, by ones that can be zoomed,
 * hovered over and filtered. Bundled into one file that every report carries; without it a report shows the drawn figures.
 */
import embed from 'vega-embed'

/** Of a figure, as `interactiveFigure` makes it. */
interface Interactive {
  spec: object
  filters: Array<{ param: string, label: string, values: string[] }>
  canZoom: boolean
}

type View = Awaited<ReturnType<typeof embed>>['view']

const wheelPixels = 240

async function replace (figure: Element): Promise<void> {
  const place = figure.querySelector('.scroll')
  const data = figure.querySelector('script[type="application/json"]')?.textContent
  if (place === null || data == null) return
  const { spec, filters, canZoom } = JSON.parse(data) as Interactive
  const live = document.createElement('div')
  // Vega measures texts as it lays them out.
  await document.fonts.ready
  // The expressions of a figure are interpreted, for the policy of the page allows no others.
  const { view } = await embed(live, spec as Parameters<typeof embed>[1], { mode: 'vega-lite', renderer: 'svg', actions: false, ast: true })
  const drawn = place.querySelector('svg')
  const name = drawn?.getAttribute('aria-label') ?? ''
  place.replaceChildren(live)
  live.querySelector('svg')?.setAttribute('aria-label', name)
  const controls = document.createElement('div')
  controls.className = 'controls'
  if (canZoom) controls.append(group('Zoom', zoomButtons(live)))
  for (const filter of filters) controls.append(group(filter.label, filterButtons(view, filter)))
  if (controls.hasChildNodes()) figure.insertBefore(controls, place)
}

function group (label: string, buttons: HTMLButtonElement[]): HTMLElement {
  const element = document.createElement('div')
  element.setAttribute('role', 'group')
  element.setAttribute('aria-label', label)
  const shown = document.createElement('span')
  shown.textContent = label
  element.append(shown, ...buttons)
  return element
}

function button (label: string, onClick: (self: HTMLButtonElement) => void): HTMLButtonElement {
  const element = document.createElement('button')
  element.type = 'button'
  element.textContent = label
  element.addEventListener('click', () => { onClick(element) })
  return element
}

/** What the mouse does to every panel of a figure at once, so that the keyboard can. */
function zoomButtons (live: Element): HTMLButtonElement[] {
  const zoom = (pixels: number): void => { onPanels(live, (at) => new WheelEvent('wheel', { ...at, deltaY: pixels, ctrlKey: true })) }
  return [
    button('In', () => { zoom(-wheelPixels) }),
    button('Out', () => { zoom(wheelPixels) }),
    button('Reset', () => { onPanels(live, (at) => new MouseEvent('dblclick', at)) })
  ]
}

function onPanels (live: Element, event: (at: MouseEventInit) => Event): void {
  for (const panel of live.querySelectorAll('.mark-group .background')) {
    const { left, top, width, height } = panel.getBoundingClientRect()
    if (width === 0 || height === 0) continue
    const at = { clientX: left + width / 2, clientY: top + height / 2, bubbles: true, cancelable: true, view: window }
    // Vega knows where the pointer is from its moves.
    panel.dispatchEvent(new PointerEvent('pointermove', at))
    panel.dispatchEvent(event(at))
  }
}

/** One button for each value, pressed while it is shown, and one for all. */
function filterButtons (view: View, { param, values }: Interactive['filters'][number]): HTMLButtonElement[] {
  const shown = new Set(values)
  const apply = (): void => {
    each.forEach((one, index) => { one.setAttribute('aria-pressed', String(shown.has(values[index] as string))) })
    view.signal(param, values.filter((value) => shown.has(value))).runAsync().catch(reportError)
  }
  const each = values.map((value) => {
    const one = button(value, () => {
      if (!shown.delete(value)) shown.add(value)
      apply()
    })
    one.setAttribute('aria-pressed', 'true')
    return one
  })
  const all = button('All', () => {
    values.forEach((value) => shown.add(value))
    apply()
  })
  return [...each, all]
}

const near = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue
    near.unobserve(target)
    // The drawn figure stays where it cannot be replaced.
    replace(target).catch((error: unknown) => {
      reportError(error)
      target.classList.add('drawn-only')
    })
  }
}, { rootMargin: '600px' })
document.querySelectorAll('figure[data-figure]').forEach((figure) => { near.observe(figure) })
