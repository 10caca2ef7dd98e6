import type { Row } from './rows.ts'
import { groupBy, instanceKey } from './rows.ts'

/** What is read of a transfer. */
export const transferMetrics = ['time_to_fetch', 'time_to_validate', 'data_rcvd'] as const

/** One file that one leech fetched. */
export interface Transfer {
  /** Of the composition. */
  run: string
  fileBytes: number
  /** From the leech's asking until it held the whole file. */
  fetchSeconds: number
  /** Undefined where nothing was validated. */
  validateSeconds?: number
  /** What it received of blocks for each byte of the file; 1 is the least possible. */
  receivedRatio?: number
}

/** The transfers of a run folder, from rows that have the names and tags of the plan for Testground of PeersDB's authors. */
export function transfersOf (rows: readonly Row[]): Transfer[] {
  const ofLeeches = rows.filter(({ metric, tags }) => tags.nodeType === 'Leech' && transferMetrics.some((each) => each === metric))
  const transfers = groupBy(ofLeeches, (row) => JSON.stringify([instanceKey(row), row.tags.run, row.tags.fileSize]))
  return [...transfers.values()].flatMap((own): Transfer[] => {
    const valueOf = (name: typeof transferMetrics[number]): number | undefined => own.find(({ metric }) => metric === name)?.measures.value
    const fileBytes = Number(own[0]?.tags.fileSize)
    const [fetchNs, validateNs = -1, receivedBytes] = transferMetrics.map(valueOf)
    if (fetchNs === undefined || !(fetchNs >= 0) || !(fileBytes > 0)) return []
    return [{
      run: own[0]?.run ?? '', fileBytes, fetchSeconds: fetchNs / 1e9,
      ...(validateNs < 0 ? {} : { validateSeconds: validateNs / 1e9 }),
      ...(receivedBytes === undefined ? {} : { receivedRatio: receivedBytes / fileBytes })
    }]
  })
}
