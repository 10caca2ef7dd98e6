import type { Row } from '../rows.ts'
import { groupBy } from '../rows.ts'
import { mean, median, sortSamples } from '../statistics/index.ts'
import { columnsOf, withoutEmptyColumns } from '../table.ts'
import type { Table } from '../table.ts'
import { transfersOf } from '../transfers.ts'
import { formatNumber } from '../units.ts'
import { quantileCell } from './interval.ts'

/** One line for each run of the composition and each size of file: how long a leech took to fetch it, and how much came for it. */
export function transferTable (rows: readonly Row[]): Table {
  const parts = [...groupBy(transfersOf(rows), ({ run, fileBytes }) => JSON.stringify([run, fileBytes])).values()]
  const lines = parts.map((own) => {
    const [{ run, fileBytes }] = own as [typeof own[number]]
    const fetched = own.map(({ fetchSeconds }) => fetchSeconds)
    const validated = own.flatMap(({ validateSeconds }) => validateSeconds ?? [])
    const received = own.flatMap(({ receivedRatio }) => receivedRatio ?? [])
    const interval = quantileCell(sortSamples(fetched.map((value) => ({ value, censored: false }))), 0.5, { unit: 's', divisor: 1 })
    return {
      run,
      fileBytes,
      cells: [
        run, formatNumber(fileBytes / 1e6), String(own.length), formatNumber(median(fetched)), interval,
        formatNumber(8 * fileBytes / median(fetched) / 1e6),
        validated.length === 0 ? '-' : formatNumber(median(validated)), received.length === 0 ? '-' : formatNumber(mean(received))
      ]
    }
  })
  const inOrder = lines.sort((a, b) => a.run.localeCompare(b.run, 'en', { numeric: true }) || a.fileBytes - b.fileBytes)
  return withoutEmptyColumns({
    name: 'transfer',
    title: 'Transfer of files to leeches',
    note: 'Medians over fetches (lower is better), with their 95 % intervals, exact if fetches were independent, and the rate of the median. ' +
      'Received: mean bytes of blocks that came for each byte of the file; 1 is the least possible.',
    columns: columnsOf(['run'], ['MB', 'n', 'fetch s', 'interval', 'Mbit/s', 'validate s', 'received']),
    rows: inOrder.map(({ cells }) => cells)
  })
}
