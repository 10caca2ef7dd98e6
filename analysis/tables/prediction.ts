import { groupBy, instanceKey } from '../rows.ts'
import { mean } from '../statistics/index.ts'
import { columnsOf, withoutEmptyColumns } from '../table.ts'
import { formatNumber } from '../units.ts'
import { instancesForInterval, meanCells } from './interval.ts'
import type { Row } from '../rows.ts'
import type { Table } from '../table.ts'

export const predictionMetric = 'prediction_error_mape'

/** A peer's own contributions first, all of them last. */
const order = ['local', 'partial', 'full']

/** One line for each part of the corpus that models learnt from, one column for each model: the mean error over the peers. */
export function predictionTable (rows: readonly Row[]): Table {
  const errors = rows.filter((row) => row.metric === predictionMetric)
  const models = [...new Set(errors.map(({ tags }) => tags.model ?? '-'))].sort()
  const several = new Set(errors.map(({ run }) => run)).size > 1
  const lines = [...groupBy(errors, keyOf).values()].sort((a, b) => compare(placeOf(a), placeOf(b))).map((part) => {
    const [{ run = '-', tags: { job = '-', data = '-', target = '-', strategy = '-' } } = { tags: {} as Row['tags'] }] = part
    const errorOf = (model: string): string[] =>
      meanCells(part.filter(({ tags }) => tags.model === model), ({ measures }) => measures.value)
    const held = mean(part.map(({ tags }) => Number(tags.corpus_held)))
    const peers = String(new Set(part.map(instanceKey)).size)
    return [...several ? [run] : [], job, data, target, strategy, formatNumber(held), peers, ...models.flatMap(errorOf)]
  })
  return withoutEmptyColumns({
    name: 'prediction',
    title: 'Error of runtime models (MAPE), in %',
    note: 'Means over peers, of executions that nobody contributed (lower is better). Corpus: the part of it that a model learnt from. ' +
      `In brackets: 95 % intervals by bootstrap over peers, from ${instancesForInterval} on.`,
    columns: columnsOf([...several ? ['run'] : [], 'job', 'data', 'target', 'strategy'], [
      'corpus', 'peers', ...models.flatMap((model) => [model, `${model} interval`])
    ]),
    rows: lines
  })
}

/** Peers have shares of their own of slightly different sizes, which belong together. */
function keyOf ({ run, tags: { job, data, target, strategy, corpus_held: held } }: Row): string {
  return JSON.stringify([run, job, data, target, strategy, data === 'partial' ? held : ''])
}

function placeOf ([first]: readonly Row[]): Array<string | number> {
  const { target = '', strategy = '', data = '', corpus_held: held = '' } = first?.tags ?? {}
  return [first?.run ?? '', target, strategy, order.indexOf(data), Number(held)]
}

function compare (a: ReadonlyArray<string | number>, b: ReadonlyArray<string | number>): number {
  for (const [i, value] of a.entries()) {
    const other = b[i] as string | number

    if (value !== other) {
      return value < other ? -1 : 1
    }
  }

  return 0
}
