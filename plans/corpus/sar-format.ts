import { timestamp } from './scout-report.ts'

/** Header of a sar.csv of the scout data set: the time and 72 metrics, 996 bytes with its line feed. */
export const SAR_HEADER = [
  'timestamp',
  ...group('cpu', '%usr %nice %sys %iowait %steal %irq %soft %guest %gnice %idle'),
  ...group('task', 'proc/s cswch/s'),
  ...group('intr', 'intr/s'),
  ...group('swap', 'pswpin/s pswpout/s'),
  ...group('paging', 'pgpgin/s pgpgout/s fault/s majflt/s pgfree/s pgscank/s pgscand/s pgsteal/s %vmeff'),
  ...group('io', 'tps rtps wtps bread/s bwrtn/s'),
  ...group('memory', 'kbmemfree kbavail kbmemused %memused kbbuffers kbcached kbcommit %commit kbactive kbinact kbdirty kbanonpg kbslab'),
  ...group('memory', 'kbkstack kbpgtbl kbvmused'),
  ...group('swap', 'kbswpfree kbswpused %swpused kbswpcad %swpcad'),
  ...group('load', 'runq-sz plist-sz ldavg-1 ldavg-5 ldavg-15 blocked'),
  ...group('disk', 'tps rd_sec/s wr_sec/s avgrq-sz avgqu-sz await svctm %util'),
  ...group('network', 'rxpck/s txpck/s rxkB/s txkB/s rxcmp/s txcmp/s rxmcst/s %ifutil')
].join(',') + '\n'

/** Seconds between two rows. */
export const INTERVAL_SECONDS = 5

/** The first row of a sar.csv comes six seconds after the start that the report names; both in milliseconds since 1970. */
export function firstRowMs (startMs: number): number {
  return startMs + 6000
}

/** Requests to the only disk. */
export interface DiskSample {
  readonly readCount: number
  readonly writeCount: number
  readonly readSectors: number
  readonly writeSectors: number
  readonly awaitMs: number
  readonly utilShare: number
}

/** Memory at the end of an interval. What is in use is the sum of anonymous, cached, buffers, slab, stack, page tables and other. */
export interface MemorySample {
  readonly totalKb: number
  readonly buffersKb: number
  readonly cachedKb: number
  readonly commitKb: number
  readonly activeKb: number
  readonly inactiveKb: number
  readonly dirtyKb: number
  readonly anonymousKb: number
  readonly slabKb: number
  readonly stackKb: number
  readonly pageTableKb: number
  readonly otherKb: number
}

/**
 * What was measured in one interval. Everything else in a row follows from it (idle time, totals, averages per request), so a row
 * cannot contradict itself. `…Count` are events in the whole interval.
 */
export interface SarSample {
  readonly timeMs: number
  /** Shares of all cores in hundredths of a per cent, as integers. */
  readonly cpu: Readonly<{ usr: number, sys: number, iowait: number, steal: number, soft: number }>
  readonly processCount: number
  readonly switchCount: number
  readonly interruptCount: number
  readonly faultCount: number
  readonly majorFaultCount: number
  readonly freedPageCount: number
  readonly scannedPageCount: number
  readonly stolenPageCount: number
  readonly disk: DiskSample
  readonly memory: MemorySample
  readonly load: Readonly<{ running: number, processes: number, averages: readonly [number, number, number], blocked: number }>
  readonly network: Readonly<{ receivedCount: number, sentCount: number, receivedBytes: number, sentBytes: number }>
}

/** One row of sar.csv with its line feed. Rates have two decimals, kilobytes and counts are integers. */
export function formatSar (sample: SarSample): string {
  const { cpu, memory, load, network } = sample
  const idle = 10_000 - cpu.usr - cpu.sys - cpu.iowait - cpu.steal - cpu.soft
  const { pages, blocks, device } = diskCells(sample.disk)
  const used = usedKb(memory)
  const cells = [
    timestamp(sample.timeMs),
    ...[cpu.usr, 0, cpu.sys, cpu.iowait, cpu.steal, 0, cpu.soft, 0, 0, idle].map(hundredths),
    rate(sample.processCount), rate(sample.switchCount), rate(sample.interruptCount), '0.00', '0.00',
    ...pages, rate(sample.faultCount), rate(sample.majorFaultCount), rate(sample.freedPageCount),
    rate(sample.scannedPageCount), '0.00', rate(sample.stolenPageCount),
    decimal(sample.scannedPageCount === 0 ? 0 : 100 * sample.stolenPageCount / sample.scannedPageCount),
    ...blocks,
    memory.totalKb - used, 0, used, decimal(100 * used / memory.totalKb), memory.buffersKb, memory.cachedKb,
    memory.commitKb, decimal(100 * memory.commitKb / memory.totalKb), memory.activeKb, memory.inactiveKb, memory.dirtyKb,
    memory.anonymousKb, memory.slabKb, memory.stackKb, memory.pageTableKb, VM_USED_KB,
    0, 0, '0.00', 0, '0.00',
    load.running, load.processes, ...load.averages.map(decimal), load.blocked,
    ...device,
    rate(network.receivedCount), rate(network.sentCount), decimal(network.receivedBytes / 1024 / INTERVAL_SECONDS),
    decimal(network.sentBytes / 1024 / INTERVAL_SECONDS), '0.00', '0.00', '0.00', '0.00'
  ]
  return `${cells.join(',')}\n`
}

/** Kernel memory that vmalloc handed out; it was the same in every row seen. */
const VM_USED_KB = 30304

function usedKb (memory: MemorySample): number {
  return memory.anonymousKb + memory.cachedKb + memory.buffersKb + memory.slabKb + memory.stackKb + memory.pageTableKb + memory.otherKb
}

/** The three groups of columns that tell of the same requests: pages in and out, blocks, and the device itself. */
function diskCells (disk: DiskSample): { pages: string[], blocks: string[], device: string[] } {
  const requests = disk.readCount + disk.writeCount
  const perSecond = requests / INTERVAL_SECONDS
  const sectors = disk.readSectors + disk.writeSectors
  const utilPercent = requests === 0 ? 0 : 100 * disk.utilShare
  const perRequest = (value: number): string => decimal(requests === 0 ? 0 : value)
  return {
    pages: [rate(disk.readSectors / 2), rate(disk.writeSectors / 2)],
    blocks: [requests, disk.readCount, disk.writeCount, disk.readSectors, disk.writeSectors].map(rate),
    device: [
      rate(requests), rate(disk.readSectors), rate(disk.writeSectors), perRequest(sectors / requests),
      perRequest(perSecond * disk.awaitMs / 1000), perRequest(disk.awaitMs), perRequest(10 * utilPercent / perSecond), decimal(utilPercent)
    ]
  }
}

function group (name: string, metrics: string): string[] {
  return metrics.split(' ').map((metric) => `${name}.${metric}`)
}

function rate (count: number): string {
  return decimal(count / INTERVAL_SECONDS)
}

function decimal (value: number): string {
  return hundredths(Math.round(value * 100))
}

/** An integer number of hundredths with two decimals; several times faster than `toFixed`, and there are 50 of them in a row. */
function hundredths (value: number): string {
  const whole = Math.floor(value / 100)
  const rest = value - whole * 100
  return rest < 10 ? `${whole}.0${rest}` : `${whole}.${rest}`
}
