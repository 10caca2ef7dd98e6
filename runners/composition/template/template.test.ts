import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expandTemplate, runTemplate } from './index.ts'

const env = { N: '4', LIST: 'a,b,c', NAME: 'peers', EMPTY: '' }
const resource = `go_version = '1.18'
count = 3
ratio = 0.5
on = true
list = ["x", "y"]

[[values]]
id = "a"

[[values]]
id = "b"
n = 2

[deep.er]
k = "v"
`

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'peerslab-template-'))
  await writeFile(join(directory, 'resource.toml'), resource)
})
afterAll(async () => { await rm(directory, { recursive: true }) })

const expand = (text: string): string => runTemplate(text, { shown: 'x.toml', directory, env }).expanded

/** What Go's text/template makes of each, with the functions that Testground gives it and BurntSushi/toml. */
const made: Array<[string, string]> = [
  ['n = {{ .Env.N }}',
    'n = 4'],
  ['n = {{ $.Env.N }}\nm = "{{ .Env.NAME }}-{{ .Env.N }}"',
    'n = 4\nm = "peers-4"'],
  ['{{ range split .Env.LIST }}\n[[groups]]\nid = "{{ . }}"\n{{ end }}',
    '\n[[groups]]\nid = "a"\n\n[[groups]]\nid = "b"\n\n[[groups]]\nid = "c"\n'],
  ['{{- range $i, $x := split .Env.LIST }}\n{{ $i }}={{ $x }}{{ end -}}   \n end',
    '\n0=a\n1=b\n2=cend'],
  ['{{ atoi .Env.N }} {{ (atoi "7") }} {{ len (split .Env.LIST) }}',
    '4 7 3'],
  ['{{ with load_resource "resource.toml" }}{{ .go_version }} {{ .count }} {{ .ratio }} {{ .on }} {{ .list }}{{ end }}',
    '1.18 3 0.5 true [x y]'],
  ['{{ with load_resource "./resource.toml" }}{{ range .values }}[{{ .id }}]{{ end }}{{ (index .values (atoi "1")).id }} {{ .deep.er.k }}{{ end }}',
    '[a][b]b v'],
  ['{{ with load_resource "resource.toml" }}{{ (pick . "values") | toml -}} x{{ end }}',
    '[[values]]\n  id = "a"\n\n[[values]]\n  id = "b"\n  n = 2\nx'],
  ['{{ with load_resource "resource.toml" }}{{ toml . }}{{ end }}',
    'count = 3\ngo_version = "1.18"\nlist = ["x", "y"]\non = true\nratio = 0.5\n\n[deep]\n  [deep.er]\n    k = "v"\n\n[[values]]\n  id = "a"\n\n[[values]]\n  id = "b"\n  n = 2\n'],
  ['{{ with load_resource "resource.toml" }}{{ (pick . "deep") | toml }}{{ end }}',
    '[deep]\n  [deep.er]\n    k = "v"\n'],
  ['{{ define "t" }}<{{ .go_version }} {{ .Env.NAME }}>{{ end }}{{ with load_resource "resource.toml" }}{{ template "t" (withEnv .) }}{{ end }}',
    '<1.18 peers>'],
  ['{{ if .Env.MISSING }}yes{{ else if eq .Env.NAME "peers" }}peers{{ else }}no{{ end }}',
    'peers'],
  ['{{ or .Env.EMPTY "fallback" }} {{ and .Env.N .Env.NAME }} {{ not .Env.EMPTY }}',
    'fallback peers true'],
  ['{{ if and (gt (atoi .Env.N) 3) (le (atoi .Env.N) 4) }}in{{ end }}{{ if ne .Env.N "4" }}out{{ end }}',
    'in'],
  ['a {{- /* a comment\n of two lines */ -}} b {{/* c */}} d',
    'ab  d'],
  ['{{ $x := "1" }}{{ if true }}{{ $x = "2" }}{{ $y := 3 }}{{ $y }}{{ end }}{{ $x }}',
    '32'],
  ['{{ range split .Env.LIST }}{{ if eq . "b" }}{{ continue }}{{ end }}{{ . }}{{ end }}{{ range split .Env.LIST }}{{ if eq . "b" }}{{ break }}{{ end }}{{ . }}{{ end }}',
    'aca'],
  ['{{ range $k, $v := (load_resource "resource.toml").deep }}{{ $k }}:{{ $v }}{{ end }}',
    'er:map[k:v]'],
  ['{{ printf "%03d|%-5s|%5s|%q|%v|%.2f|%%" (atoi .Env.N) .Env.NAME "x" "a" true 1.5 }}',
    '004|peers|    x|"a"|true|1.50|%'],
  ['{{ print "a" "b" 1 2 "c" }} {{ print 1 2 }} {{ println "x" 1 }}',
    'ab1 2c 1 2 x 1\n'],
  ['{{ "quoted \\"x\\"" }} {{ `raw` }} {{ 1.50 }} {{ -3 }}',
    'quoted "x" raw 1.5 -3'],
  ['{{ block "b" .Env.N }}<{{ . }}>{{ end }}',
    '<4>'],
  ['{{ slice .Env.NAME 1 3 }} {{ index (split .Env.LIST) 2 }} {{ slice (split .Env.LIST) 1 }}',
    'ee c [b c]'],
  ['{{ with .Env.EMPTY }}x{{ else }}y{{ end }}',
    'y'],
  ['{{ .Env.NAME | printf "%s-%s" "a" | len }}',
    '7'],
  ['{{range split .Env.LIST}}{{else}}none{{end}}{{range (load_resource "resource.toml").nothing}}{{else}}none{{end}}',
    'none'],
  ['x\n\n  {{- "a" }}\n  {{ "b" -}}\n\n\n y',
    'xa\n  by'],
  ['{{ eq .Env.N "1" "4" }} {{ lt "a" "b" }} {{ ge 2 2 }}',
    'true true true'],
  ['{{ .Env }}',
    'map[EMPTY: LIST:a,b,c N:4 NAME:peers]']
]

describe('a template', () => {
  it.each(made)('%s', (template, text) => {
    expect(expand(template)).toBe(text)
  })

  it.each<[string, RegExp]>([
    ['{{ .Env.MISSING }}', /x\.toml:2: the environment variable MISSING is not set; set it$/],
    ['{{ (load_resource "resource.toml").nothing }}', /:2: there is no value to be written for \./],
    ['{{ html "a" }}', /:2: there is no function "html" for templates of compositions; .*pick/],
    ['{{ atio "1" }}', /:2: there is no function "atio" .*"atoi"/],
    ['{{ if }}x{{ end }}', /:2: \{\{ {2}\}\} is no template that is understood/],
    ['{{ range .Env.N }}{{ end }}', /:2: range cannot go through 4/],
    ['{{ atoi "x" }}', /:2: atoi: "x" is no whole number/],
    ['{{ atoi "1" "2" }}', /:2: atoi is given 2 values, but takes 1/],
    ['{{ template "t" }}', /:2: there is no template "t"/],
    ['{{ define "t" }}{{ template "t" }}{{ end }}{{ template "t" }}', /:2: the template "t" calls itself without end/],
    ['{{ end }}', /:2: \{\{ end \}\} ends nothing that was begun/],
    ['{{ if true }}a', /:2: \{\{ if \}\} has no \{\{ end \}\}/],
    ['{{ .Env.N "x" }}', /:2: only a function can be given something/],
    ['{{ "a" | "b" }}', /:2: only a function can be given something/],
    ['{{ $x }}', /:2: there is no variable \$x/],
    ['{{ $x = 1 }}', /:2: the variable \$x was not declared/],
    ['{{ load_resource "no.toml" }}', /:2: load_resource: the resource no\.toml cannot be read \(ENOENT\)/],
    ['{{ index (split .Env.LIST) 9 }}', /:2: index: there is nothing at 9 in a list of 3/],
    ['{{ .Env.N.x }}', /:2: 4 has no field x/],
    ['{{ pick "a" "b" }}', /:2: pick: a is given where a table is needed/],
    ['{{ .Env.N', /:2: the template is not understood at ""/],
    ['{{ .Env.N ? }}', /:2: the template is not understood at "\? \}\}"/],
    ['{{ eq 1 "a" }}', /:2: eq: 1 and a cannot be compared/],
    ['{{ printf "%x" 1 }}', /:2: printf: printf does not know %x here/]
  ])('is refused with its line: %s', (template, sentence) => {
    expect(() => expand(`a\n${template}\n`)).toThrow(sentence)
  })

  it('keeps the lines of the file in what TOML tells', () => {
    const text = '{{ define "t" }}\n\n{{ end }}# one\n{{ range split .Env.LIST }}\n[[groups]]\nid = "{{ . }}"\n{{ end }}\n\nbad = {{ .Env.NAME }}\n'
    expect(() => expandTemplate(text, { shown: 'x.toml', directory, env })).toThrow(/^x\.toml:9: is not valid TOML at "bad = peers"/)
    const document = expandTemplate(text.replace('bad = {{ .Env.NAME }}', 'good = {{ .Env.N }}'), { shown: 'x.toml', directory, env })
    expect(document.value.good ?? (document.value.groups as Array<Record<string, unknown>>)[2]?.good).toBe(4)
    expect(document.place(['groups', 1, 'id'])).toBe('x.toml:6')
    expect(document.place(['groups', 2, 'id'])).toBe('x.toml:6')
  })
})
