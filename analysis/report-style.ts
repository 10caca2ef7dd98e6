/** The style of the report: readable on paper, on a telephone and in the dark. */
export const reportStyle = `
:root { color-scheme: light dark; --ink: #1b1b1b; --soft: #555; --paper: #fff; --line: #ddd; --pass: #00694c; --fail: #b03a00; --unknown: #7a5200; --link: #00568a }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e4e4; --soft: #aaa; --paper: #161616; --line: #3a3a3a; --pass: #5fd0ac; --fail: #ff9a62; --unknown: #f0c060; --link: #7cc4f5 }
  /* White paper would blind: lightness is turned round, hues stay what the legend says. */
  figure svg { filter: invert(.91) hue-rotate(180deg) brightness(1.25) }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 Inter, system-ui, sans-serif; overflow-wrap: anywhere }
main { max-width: 66rem; margin: 0 auto; padding: 1rem }
h1 { font-size: 1.5rem; line-height: 1.25; margin: .5rem 0 }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .5rem; padding-bottom: .2rem; border-bottom: 2px solid var(--line) }
h3 { font-size: 1rem; line-height: 1.35; margin: 1.75rem 0 .1rem }
p { margin: .25rem 0 }
a { color: var(--link) }
summary { cursor: pointer; padding: .3rem 0 }
.verdict { font-size: 1.1rem; font-weight: 600; border-left: .3rem solid; padding-left: .6rem }
.pass { color: var(--pass) } .fail { color: var(--fail) } .unknown { color: var(--unknown) }
.source, figcaption, h3 + p { color: var(--soft); font-size: .875rem }
.caution { font-size: .875rem; color: var(--unknown) }
figcaption { margin-top: .4rem }
figure { margin: 1.25rem 0 2rem }
.scroll { overflow-x: auto }
.controls { display: flex; flex-wrap: wrap; gap: .4rem 1rem; margin-bottom: .5rem; font-size: .875rem }
.controls div { display: flex; flex-wrap: wrap; gap: .25rem; align-items: center }
.controls span { color: var(--soft) }
button { font: inherit; color: var(--ink); background: var(--paper); border: 1px solid var(--soft); border-radius: .25rem; padding: .1rem .5rem; cursor: pointer }
button[aria-pressed='false'] { color: var(--soft); border-style: dashed; text-decoration: line-through }
:focus-visible { outline: 3px solid var(--link); outline-offset: 1px }
figure .scroll { border: 1px solid var(--line) }
figure svg { display: block; margin: 0 auto }
figure .scroll > svg { width: 100%; min-width: 34rem; height: auto }
.vega-embed { display: block !important }
table { border-collapse: collapse; margin-top: .4rem; font-size: .875rem; font-variant-numeric: tabular-nums; overflow-wrap: normal }
th, td { padding: .2rem .9rem .2rem 0; text-align: left; border-bottom: 1px solid var(--line); white-space: nowrap }
thead th { color: var(--soft); font-weight: 600; border-bottom-width: 2px }
tbody tr:hover { background: color-mix(in srgb, var(--line) 40%, transparent) }
th.number, td.number { text-align: right }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; font-size: .875rem }
dt { color: var(--soft) } dd { margin: 0 }
pre { overflow-x: auto; font-size: .8rem; border: 1px solid var(--line); padding: .5rem }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr } dt { margin-top: .4rem } th, td { padding-right: .7rem } }
@media print { figure, table { break-inside: avoid } main { max-width: none } }
`
