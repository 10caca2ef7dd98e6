import { describe, expect, it } from 'vitest'
import { predictionTable } from './prediction.ts'
import { validationCostTable, validationTable } from './validation.ts'
import type { Row } from '../rows.ts'

function row (metric: string, value: number, tags: Record<string, string>, more: Partial<Row> = {}): Row {
  return { run: 'r', group: 'peers', index: 0, metric, tags, ts: 0, ...more, measures: { value, ...more.measures } }
}

describe('the table of prediction errors', () => {
  const error = (model: string, data: string, held: string, value: number, index = 0): Row =>
    row('prediction_error_mape', value, { job: 'sgd', model, data, target: 'all', corpus_held: held, strategy: 'none' }, { index })

  it('has the own share first, then what a peer held at times, then all; and the mean of the peers', () => {
    const { columns, rows } = predictionTable([
      error('gbm', 'full', '1', 2), error('gbm', 'full', '1', 4, 1), error('bom', 'full', '1', 9), error('gbm', 'partial', '0.5', 6),
      error('gbm', 'partial', '0.1', 30), error('gbm', 'local', '0.24', 15), error('gbm', 'local', '0.26', 17, 1)
    ])
    expect(columns.map(({ label }) => label).slice(-2)).toEqual(['bom', 'gbm'])
    expect(rows).toEqual([
      ['sgd', 'local', 'all', 'none', '0.25', '2', '-', '16'],
      ['sgd', 'partial', 'all', 'none', '0.1', '1', '-', '30'],
      ['sgd', 'partial', 'all', 'none', '0.5', '1', '-', '6'],
      ['sgd', 'full', 'all', 'none', '1', '2', '9', '3']
    ].map((cells) => cells.map((cell) => expect.stringMatching(new RegExp(`^${cell}(\\.?0*)?$`)) as string)))
  })

  it('says how sure the mean of many peers is', () => {
    const [cells] = predictionTable([10, 12, 14, 16, 18, 20].map((value, index) => error('gbm', 'full', '1', value, index))).rows
    expect(cells?.at(-2)).toBe('15.0')
    const [low, high] = JSON.parse(cells?.at(-1) ?? '') as [number, number]
    expect([low > 10 && low < 14, high > 16 && high < 20]).toEqual([true, true])
  })
})

describe('the tables of validation', () => {
  const tags = { strategy: 'quorum' }
  const cost = [
    row('verdict_ms', 300, { ...tags, verdict: 'valid' }), row('validation_messages', 200, tags, { measures: { contributions: 40 } }),
    row('validations_computed', 10, { ...tags, role: 'asker' }, { measures: { contributions: 40 } }),
    row('validations_computed', 40, { ...tags, role: 'voter' }, { measures: { contributions: 40 } })
  ]
  const shown = ({ columns, rows: [cells = []] }: ReturnType<typeof validationTable>): Record<string, string | undefined> =>
    Object.fromEntries(columns.map(({ label }, column) => [label, cells[column]]))

  it('have the means of who decides, and what each contribution cost it', () => {
    expect(shown(validationTable([
      row('false_accept_rate', 0.5, tags), row('false_accept_rate', 0.25, tags, { index: 1 }), row('undecided_rate', 0, tags), ...cost
    ]))).toEqual({ run: 'r', strategy: 'quorum', 'false accepts': '0.375', undecided: '0' })
    expect(shown(validationCostTable(cost))).toEqual({
      run: 'r', strategy: 'quorum', 'verdict ms': '300', p95: '300', messages: '5.00', looks: '0.250', 'voter\'s looks': '1.00'
    })
  })

  it('say how sure the means of many peers are', () => {
    const rates = [0, 0.1, 0.2, 0.3, 0.4, 0.5].map((value, index) => row('false_accept_rate', value, tags, { index }))
    const { 'false accepts': mean, interval = '' } = shown(validationTable(rates))
    expect(mean).toBe('0.250')
    const [low, high] = JSON.parse(interval) as [number, number]
    expect([low > 0 && low < 0.2, high > 0.3 && high < 0.5]).toEqual([true, true])
  })
})
