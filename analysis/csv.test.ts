import { describe, expect, it } from 'vitest'
import { csv } from './csv.ts'

describe('CSV', () => {
  it('keeps commas and quotes', () => {
    expect(csv([{ a: 'x,"y"', b: 1.5, c: null }])).toBe('a,b,c\n"x,""y""",1.5,\n')
  })

  it.each(['=1+1', '+cmd', '-cmd', '@sum', '\t=1', ' =1', '-1+2'])('%j: makes text of what a spreadsheet would run', (text) => {
    expect(csv([{ a: text }])).toBe(`a\n'${text}\n`)
  })

  it('guards the header and what must be quoted', () => {
    expect(csv([{ '=a': '=HYPERLINK("x","y")' }])).toBe('\'=a\n"\'=HYPERLINK(""x"",""y"")"\n')
    expect(csv([{ a: '\r=1' }])).toBe('a\n"\'\r=1"\n')
  })

  it('leaves numbers, those in text too, and a lone dash', () => {
    expect(csv([{ a: -1.5, b: '-3', c: '+2.5', d: '-', e: 'a-b', f: true }])).toBe('a,b,c,d,e,f\n-1.5,-3,+2.5,-,a-b,true\n')
  })
})
