import { describe, expect, it } from 'vitest'
import { predictionTable } from './prediction.ts'
import { validationTable } from './validation.ts'
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
})

describe('the table of validation', () => {
  it('has the means of who decides, and what each contribution cost it', () => {
    const tags = { strategy: 'quorum' }
    const [cells] = validationTable([
      row('false_accept_rate', 0.5, tags), row('false_accept_rate', 0.25, tags, { index: 1 }), row('undecided_rate', 0, tags),
      row('verdict_ms', 300, { ...tags, verdict: 'valid' }), row('validation_messages', 200, tags, { measures: { contributions: 40 } }),
      row('validations_computed', 10, { ...tags, role: 'asker' }, { measures: { contributions: 40 } }),
      row('validations_computed', 40, { ...tags, role: 'voter' }, { measures: { contributions: 40 } })
    ]).rows
    expect(cells?.slice(0, 2)).toEqual(['r', 'quorum'])
    expect(cells?.slice(2).map((cell) => cell === '-' ? cell : Number(cell))).toEqual([0.375, '-', 0, 300, 300, 5, 0.25, 1])
  })
})
