import { plain } from '../rows.ts'
import { markdownText, tableCsv, tableLatex, tableMarkdown } from '../table-formats.ts'
import { tableText } from '../table.ts'
import { wrap } from '../wrap.ts'
import { comparisonTable } from './show.ts'
import type { StudyComparison } from './compare.ts'
import type { Judged } from './judge.ts'

export const comparisonFormats = ['text', 'markdown', 'latex', 'csv', 'json', 'junit'] as const
export type ComparisonFormat = typeof comparisonFormats[number]

/** The comparison as text for a terminal, Markdown for a page, LaTeX for a paper, CSV and JSON for programs or JUnit's XML for CI. */
export function formatComparison (comparison: StudyComparison, format: ComparisonFormat): string {
  return { text, markdown, latex, csv, json, junit }[format](comparison)
}

const noteColumns = 110

function text (comparison: StudyComparison): string {
  const notes = comparison.warnings.flatMap(({ sentence }, index) =>
    wrap(plain(sentence), noteColumns).map((line, at) => at === 0 ? `  ${index + 1}. ${line}` : `     ${line}`))
  return [
    `${comparison.verdict}: ${plain(comparison.reason)}`, '',
    tableText(comparisonTable(comparison)), '',
    ...(notes.length === 0 ? [] : ['Warnings', ...notes, ''])
  ].join('\n')
}

function markdown (comparison: StudyComparison): string {
  return [
    `**${comparison.verdict}**: ${markdownText(comparison.reason)}`, '',
    tableMarkdown(comparisonTable(comparison), footnotesOf(comparison))
  ].join('\n')
}

function latex (comparison: StudyComparison): string {
  return tableLatex(comparisonTable(comparison), 'comparison', [`${comparison.verdict}: ${comparison.reason}.`, ...footnotesOf(comparison)])
}

function csv (comparison: StudyComparison): string {
  return tableCsv(comparisonTable(comparison))
}

function footnotesOf ({ warnings }: StudyComparison): string[] {
  return warnings.map(({ sentence }) => sentence)
}

function json (comparison: StudyComparison): string {
  // JSON has no infinity, which a change from 0 is.
  return `${JSON.stringify(comparison, (_, value: unknown) => value === Infinity ? 'Infinity' : value === -Infinity ? '-Infinity' : value, 2)}\n`
}

/** One test case for each value that is judged: a regression is a failure, what cannot be told an error. */
function junit ({ results, warnings, verdict, reason, base, head }: StudyComparison): string {
  const judged = results.filter(({ isJudged }) => isJudged)
  const count = (finding: Judged['finding']): number => judged.filter((each) => each.finding === finding).length
  // What leaves the whole unknown is no value's fault, and must not read as a success.
  const isOwn = verdict === 'unknown' && count('unknown') === 0
  const attributes = `tests="${judged.length + Number(isOwn)}" failures="${count('regression')}" errors="${count('unknown') + Number(isOwn)}"`
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${attributes}>`,
    `  <testsuite name="${xml(`peerslab compare ${base.path} ${head.path}`)}" ${attributes}>`,
    ...judged.map(testCase),
    ...(isOwn ? [`    <testcase classname="peerslab.compare" name="all runs"><error message="${xml(reason)}"/></testcase>`] : []),
    `    <system-out>${xml([`${verdict}: ${reason}`, ...warnings.map(({ sentence }) => sentence)].join('\n'))}</system-out>`,
    '  </testsuite>',
    '</testsuites>',
    ''
  ].join('\n')
}

function testCase ({ metric, part, finding, reason }: Judged): string {
  const open = `    <testcase classname="peerslab.compare" name="${xml(`${metric} in ${part}`)}"`
  if (finding === 'regression') return `${open}><failure message="${xml(reason)}"/></testcase>`
  if (finding === 'unknown') return `${open}><error message="${xml(reason)}"/></testcase>`
  return `${open}><system-out>${xml(`${finding}: ${reason}`)}</system-out></testcase>`
}

function xml (text: string): string {
  return text.split('\n').map(plain).join('\n').replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
