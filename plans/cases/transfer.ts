import { createCounters } from '../../network/counters.ts'
import { openPeer } from '../../peersdb/index.ts'
import { addressOf, neighbours } from '../cluster.ts'
import { JudgementError } from '../errors.ts'
import { digestOf } from '../judgement.ts'
import { readParams } from '../params.ts'
import { phaseState } from '../phases.ts'
import { castParts, requireBothEnds } from '../transfer/cast.ts'
import { contentOf, sha256Of } from '../transfer/content.ts'
import { countExchange } from '../transfer/exchange.ts'
import { regionOf, transferNetwork } from '../transfer/network.ts'
import { requireWholeFiles } from '../transfer/seeding.ts'
import { settle } from '../transfer/settle.ts'
import { enter, together } from '../transfer/stage.ts'
import { costMs } from '../validation/cost.ts'
import { resolvesWithin, within } from '../wait.ts'
import { checkGroups, phasesOfAll } from './case.ts'
import type { Address } from '../cluster.ts'
import type { TransferParams } from '../transfer/cast.ts'
import type { ExchangeCounter } from '../transfer/exchange.ts'
import type { Stage } from '../transfer/stage.ts'
import type { Peer } from '../../peersdb/index.ts'
import type { TestCase } from './case.ts'

/** How long the first requests of leeches are spread over, in milliseconds. */
const staggerMs = 10
const nanosecondsPerMs = 1e6

/** Seeds hold a file, leeches fetch it, others only stand by: the experiment of the authors' Testground plan, on PeersDB's peers. */
export const transfer: TestCase = {
  check: async (groups) => {
    const all = await checkGroups('transfer', groups)
    const byGroup = new Map(groups.map(({ id }, i) => [id, all[i] as TransferParams]))
    const members = groups.flatMap(({ id, count }) => Array.from({ length: count }, () => id)).map((group, index) => ({ group, index }))
    const paramsOf = (group: string): TransferParams => byGroup.get(group) as TransferParams
    const parts = castParts(members, paramsOf)
    requireBothEnds(parts)
    requireWholeFiles(parts, paramsOf)
    const count = (type: string): number => parts.filter(({ nodeType }) => nodeType === type).length
    return [`${count('Seed')} seeds, ${count('Leech')} leeches, ${count('Passive')} passive`]
  },

  network: (params) => transferNetwork(readParams('transfer', params)),

  phases: (groups) => phasesOfAll(['connected', 'transferred'], groups),

  run: async (context) => {
    const stage = await enter(context)
    const { params, part } = stage
    // Leeches come anew in every run, for whoever has been sent a block is not sent it again so soon.
    const staying = part.nodeType === 'Leech' ? undefined : await openNode(stage)
    await context.phase('connected')
    const failures: string[] = []

    for (const [sizeIndex, fileBytes] of params.file_size.entries()) {
      failures.push(...await transferSize(stage, staying, { sizeIndex, fileBytes }))
    }

    await context.phase('transferred')
    await context.sync.barrier(phaseState('transferred'), stage.instances, params.timeout_secs * 1000)
    await staying?.close()

    if (failures.length > 0) {
      throw new JudgementError(`instance ${context.index} of group ${context.group} (${part.nodeType}): ${failures.join('; ')}`)
    }
  }
}

/** A peer, and what is counted of it. */
interface Node {
  readonly peer: Peer
  readonly exchange: ExchangeCounter
  close (): Promise<void>
}

async function openNode ({ context, params, profile, part }: Stage): Promise<Node> {
  const peer = await openPeer({
    listen: context.listen,
    sync: params.sync,
    peerExchange: false,
    storeDelayMs: params.bstore_delay_ms,
    transport: context.transport({ profile, region: regionOf(part.latencyMs), counters: createCounters() })
  })
  const exchange = countExchange(peer.libp2p)
  return {
    peer,
    exchange,
    close: async () => {
      exchange.end()
      await peer.close()
    }
  }
}

/** Connects all with all: leeches dial everybody who stays, and each dials those of its kind before it. */
async function connectAll (stage: Stage, { peer }: Node, runId: string, isFirst: boolean): Promise<void> {
  const { context, params, instances, leeches } = stage
  const timeoutMs = params.run_timeout_secs * 1000
  const isLeech = leeches.has(context.index)
  const topic = `addresses-${runId}`
  await context.sync.publish(topic, addressOf(context, peer))
  const addresses = await context.sync.collect<Address>(topic, instances, timeoutMs)
  const isDialled = ({ index }: Address): boolean => isLeech
    ? !leeches.has(index) || index < context.index
    : isFirst && !leeches.has(index) && index < context.index
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(timeoutMs)])
  await Promise.all(addresses.filter(isDialled).map(({ multiaddr }) => peer.connect(multiaddr, { signal })))

  // Who stays may still count leeches that have gone.
  if (isLeech) {
    await within(neighbours(peer, instances - 1), timeoutMs, `${instances - 1} peers to listen to the contributions log`, context.signal)
  }
}

interface Size {
  readonly sizeIndex: number
  readonly fileBytes: number
}

/** Transfers the file of one size as often as asked. @returns a sentence for everything that was not as it should be */
async function transferSize (stage: Stage, staying: Node | undefined, { sizeIndex, fileBytes }: Size): Promise<string[]> {
  const { context, params, part } = stage
  const content = part.nodeType === 'Passive' ? new Uint8Array(0) : contentOf(fileBytes)
  const sha256 = sha256Of(content)
  const failures: string[] = []
  let cid = ''
  let isWhole = true

  for (let run = 1; run <= params.run_count; run++) {
    const runId = `${sizeIndex}-${run}`
    await together(stage, `start-run-${runId}`)
    const node = staying ?? await openNode(stage)

    if (run === 1) {
      ({ cid, isWhole } = await settle(stage, node.peer, sizeIndex, content))
    }

    await together(stage, `ready-to-connect-${runId}`)
    await connectAll(stage, node, runId, sizeIndex === 0 && run === 1)
    await together(stage, `connect-complete-${runId}`)
    node.exchange.take()
    const fetched = part.nodeType === 'Leech' ? await fetchFile(stage, node.peer, sizeIndex, cid) : undefined
    await together(stage, `transfer-complete-${runId}`)
    recordRun(stage, node.exchange, { run, fileBytes, fetched })

    // What a leech holds, and in the end what a seed does, is read back and compared.
    if (part.nodeType === 'Leech' || (part.nodeType === 'Seed' && run === params.run_count)) {
      const digest = await digestOf(node.peer, cid, context.signal)

      if (isWhole && digest !== sha256) {
        failures.push(`run ${run}: what it holds is not the file of ${fileBytes} bytes`)
      } else if (!isWhole && digest != null) {
        failures.push(`run ${run}: it holds the whole file of ${fileBytes} bytes, of which it was to keep a part`)
      }
    }

    if (node !== staying) {
      await node.close()
    }
  }

  if (part.nodeType === 'Seed' && staying != null) {
    // What is kept in part is not pinned.
    await (isWhole ? staying.peer.unpin(cid) : undefined)
    await staying.peer.collectGarbage()
  }

  return failures
}

interface Fetched {
  readonly fetchMs: number
  readonly validateMs: number
  readonly isComplete: boolean
}

async function fetchFile ({ context, params }: Stage, peer: Peer, sizeIndex: number, cid: string): Promise<Fetched> {
  const random = context.random(`transfer of ${cid}`)
  await context.clock.sleep(random.integer(0, staggerMs - 1))
  const startedMs = context.clock.nowMs()
  const timeoutMs = params.run_timeout_secs * 1000
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(timeoutMs)])
  const isComplete = params.sabotage === 'report-early' ||
    await resolvesWithin(peer.pin(cid, { signal }), timeoutMs, `file ${cid}`, context.signal)
  const fetchMs = context.clock.nowMs() - startedMs

  if (!params.validation_enabled) {
    // What the authors' plan records where nothing is validated: minus one nanosecond.
    return { fetchMs, validateMs: -1 / nanosecondsPerMs, isComplete }
  }

  const validatingMs = context.clock.nowMs()
  await context.clock.sleep(costMs(params.validation_algorithm, sizeIndex, random.uniform()))
  return { fetchMs, validateMs: context.clock.nowMs() - validatingMs, isComplete }
}

function recordRun (
  { context: { record }, params, part }: Stage, exchange: ExchangeCounter,
  { run, fileBytes, fetched }: { run: number, fileBytes: number, fetched?: Fetched }
): void {
  const tags = {
    latencyMS: part.latencyMs,
    bandwidthMB: params.bandwidth_mb,
    run,
    seq: part.seq,
    groupName: part.groupName,
    groupSeq: part.groupSeq,
    fileSize: fileBytes,
    nodeType: part.nodeType,
    nodeTypeIndex: part.nodeTypeIndex
  }

  if (fetched != null) {
    record.metric('time_to_fetch', Math.round(fetched.fetchMs * nanosecondsPerMs), tags, fetched.isComplete ? {} : { censored: 1 })
    record.metric('time_to_validate', Math.round(fetched.validateMs * nanosecondsPerMs), tags)
  }

  const counts = exchange.take()
  record.metric('msgs_rcvd', counts.msgsRcvd, tags)
  record.metric('data_sent', counts.dataSent, tags)
  record.metric('data_rcvd', counts.dataRcvd, tags)
  record.metric('dup_data_rcvd', counts.dupDataRcvd, tags)
  record.metric('blks_sent', counts.blksSent, tags)
  record.metric('blks_rcvd', counts.blksRcvd, tags)
  record.metric('dup_blks_rcvd', counts.dupBlksRcvd, tags)
}
