import { formatSar, INTERVAL_SECONDS, SAR_HEADER } from './sar-format.ts'
import { planDemand } from './sar-load.ts'
import type { Demand, LoadProfile } from './sar-load.ts'
import type { MachineType } from './scout-universe.ts'
import type { Random } from '../random.ts'
import type { DiskSample, MemorySample, SarSample } from './sar-format.ts'

export interface SarInit {
  readonly machine: MachineType
  readonly profile: LoadProfile
  readonly rows: number
  /** Time of the first row, in milliseconds since 1970. */
  readonly firstMs: number
  readonly random: Random
}

/** What carries over from one row to the next. */
interface Host {
  cpuLevel: number
  anonymousKb: number
  cachedKb: number
  buffersKb: number
  dirtyKb: number
  slabKb: number
  otherKb: number
  processes: number
  averages: [number, number, number]
}

const MISSED_TICK_SHARE = 0.004
const DISK_KB_PER_SECOND = 106_000
/** What one interval leaves of a load average over 1, 5 and 15 minutes: e to the -5/60, -5/300 and -5/900. */
const LOAD_DECAY = [0.9200444147, 0.9834714538, 0.9944598481] as const
/** Of a page cache that does not fit, the kernel scans about this many pages for each that it takes. */
const SCANNED_PER_STOLEN = 1.3

/** A sar.csv of a host that runs one job: phases, memory that fills and is given back, written pages that wait and are flushed. */
export function sarCsv (init: SarInit): string {
  const { machine, profile, rows, random } = init
  const host = idleHost(machine, random)
  const lines = [SAR_HEADER]
  let timeMs = init.firstMs
  for (const demand of planDemand(profile, rows, random)) {
    lines.push(formatSar(step(host, init, demand, timeMs)))
    // A busy sampler misses a tick now and then, as the real one did.
    timeMs += (random.chance(MISSED_TICK_SHARE) ? 2 : 1) * INTERVAL_SECONDS * 1000
  }
  return lines.join('')
}

function idleHost (machine: MachineType, random: Random): Host {
  const load = random.uniform()
  return {
    cpuLevel: 0.03,
    anonymousKb: wholePages(Math.min(1_300_000, 0.16 * machine.memoryKb) * (0.9 + 0.2 * random.uniform())),
    cachedKb: wholePages(Math.min(560_000, 0.12 * machine.memoryKb) * (0.8 + 0.4 * random.uniform())),
    buffersKb: wholePages(random.integer(20_000, 40_000)),
    dirtyKb: random.integer(100, 4_000),
    slabKb: wholePages(random.integer(42_000, 58_000)),
    otherKb: wholePages(random.integer(100_000, 112_000)),
    processes: random.integer(560, 640),
    averages: [1.5 * load, 1.2 * load, 0.6 * load]
  }
}

function step (host: Host, init: SarInit, demand: Demand, timeMs: number): SarSample {
  const { machine, profile, random } = init
  const target = Math.min(0.99, profile.cpuShare * demand.cpu)
  host.cpuLevel = clamp(host.cpuLevel + 0.6 * (target - host.cpuLevel) + random.normal(0, 0.06), 0.01, 0.995)
  const grownKb = stepHeap(host, init, demand)
  const disk = stepDisk(host, init, demand)
  const stolenPages = reclaim(host, machine)
  const network = stepNetwork(profile.networkKbPerSecond * demand.network, random)
  const load = stepLoad(host, machine, demand, random)
  const releasedPages = Math.abs(Math.min(0, grownKb)) / 4
  const busyCores = machine.cores * host.cpuLevel
  const switchCount = random.logNormal((280 + 1100 * busyCores) * INTERVAL_SECONDS, 0.12) + 4 * (disk.readCount + disk.writeCount)
  return {
    timeMs,
    cpu: stepCpu(host.cpuLevel, disk.utilShare, random),
    processCount: Math.round(random.logNormal(40, 0.9)),
    switchCount: Math.round(switchCount),
    interruptCount: Math.round(switchCount * (0.9 + 0.15 * random.uniform()) + 0.3 * network.receivedCount),
    faultCount: Math.round(random.logNormal(9_000, 0.7) + Math.max(0, grownKb) / 16),
    majorFaultCount: demand.read > 0.5 && random.chance(0.2) ? random.integer(1, 12) : 0,
    freedPageCount: Math.round(random.logNormal(45_000 * (0.5 + host.cpuLevel), 0.4) + releasedPages + stolenPages),
    scannedPageCount: Math.round(stolenPages * SCANNED_PER_STOLEN),
    stolenPageCount: stolenPages,
    disk,
    memory: memorySample(host, machine, demand),
    load,
    network
  }
}

/** Shares in hundredths of a per cent; what is left of 10,000 is idle. */
function stepCpu (level: number, diskShare: number, random: Random): SarSample['cpu'] {
  const sys = clamp(level * random.logNormal(0.03, 0.5), 0.001, 0.055)
  const soft = random.chance(0.6) ? random.integer(1, 6) : 0
  const steal = random.chance(0.5) ? random.integer(1, 8) : 0
  const iowait = Math.min(260, Math.round((1 - level) * diskShare * 10_000 * 0.05 * random.uniform()))
  const usr = Math.round(level * 10_000)
  const sysShare = Math.round(sys * 10_000)
  const room = 10_000 - sysShare - soft - steal - iowait
  return { usr: Math.min(usr, room), sys: sysShare, iowait, steal, soft }
}

/** Moves the heap towards its target, slower upwards; the change in kB. A job that has left gives everything back at once. */
function stepHeap (host: Host, { machine, profile, random }: SarInit, demand: Demand): number {
  const idleKb = Math.min(1_350_000, 0.17 * machine.memoryKb)
  const targetKb = idleKb + (profile.memoryShare * machine.memoryKb - Math.min(idleKb, 0.1 * machine.memoryKb)) * demand.memory
  const pace = targetKb < host.anonymousKb && demand.memory === 0 ? 1 : 0.04 + 0.22 * host.cpuLevel * random.uniform()
  const before = host.anonymousKb
  // A heap shrinks only when its process ends.
  const after = pace === 1 ? targetKb : Math.max(before, before + pace * (targetKb - before))
  host.anonymousKb = wholePages(after + 400 * random.uniform())
  return host.anonymousKb - before
}

/** What is read comes from the disk at once; what is written waits as dirty pages until the kernel flushes them. */
function stepDisk (host: Host, { profile, random }: SarInit, demand: Demand): DiskSample {
  const readKb = demand.read < 0.05
    ? (random.chance(0.1) ? random.integer(1, 20) * 4 : 0)
    : Math.min(94_000, random.logNormal(profile.readKbPerSecond * demand.read, 0.35)) * INTERVAL_SECONDS
  const producedKb = random.logNormal(profile.writeKbPerSecond * demand.write, 0.3) * INTERVAL_SECONDS
  host.dirtyKb += producedKb
  const flushing = host.dirtyKb > 400_000 || random.chance(0.22)
  const wantedKb = flushing ? 0.9 * host.dirtyKb : random.logNormal(350, 0.6)
  const flushedKb = Math.min(host.dirtyKb, DISK_KB_PER_SECOND * INTERVAL_SECONDS, wantedKb)
  host.dirtyKb -= flushedKb
  host.cachedKb = wholePages(host.cachedKb + 0.8 * readKb + 0.9 * producedKb)
  host.buffersKb += random.integer(0, 5) * 4
  // A sector has 512 bytes, and requests come in pages of eight of them.
  const readSectors = Math.round(readKb / 4) * 8
  const writeSectors = Math.round(flushedKb / 4) * 8
  const readCount = Math.ceil(readSectors / 200)
  const writeCount = Math.ceil(writeSectors / (flushing ? 230 : 90))
  const busy = Math.min(0.97, (readKb + flushedKb) / INTERVAL_SECONDS / DISK_KB_PER_SECOND + 0.0001 * (readCount + writeCount))
  const queueing = flushing && random.chance(0.3) ? random.logNormal(120, 0.8) : 0
  return {
    readCount,
    writeCount,
    readSectors,
    writeSectors,
    awaitMs: Math.min(870, random.logNormal(7, 0.7) + queueing),
    utilShare: Math.max(0.0002, busy * (0.4 + 0.2 * random.uniform()))
  }
}

/** Takes pages from the cache when memory runs out, and bounds everything by what the machine has; the pages taken. */
function reclaim (host: Host, machine: MachineType): number {
  const fixedKb = host.buffersKb + host.slabKb + host.otherKb + 60_000
  const roomKb = wholePages(0.985 * machine.memoryKb - fixedKb)
  host.anonymousKb = Math.min(host.anonymousKb, wholePages(0.93 * roomKb))
  const excessKb = Math.max(0, host.cachedKb - (roomKb - host.anonymousKb))
  host.cachedKb -= excessKb
  return excessKb / 4
}

function memorySample (host: Host, machine: MachineType, demand: Demand): MemorySample {
  const cacheKb = host.cachedKb + host.buffersKb
  const inactiveKb = wholePages(0.57 * cacheKb)
  const running = demand.memory > 0.15
  return {
    totalKb: machine.memoryKb,
    buffersKb: host.buffersKb,
    cachedKb: host.cachedKb,
    // Java reserves its whole heap when it starts: about 95 % of memory on top of what is used.
    commitKb: wholePages(2.1 * Math.min(host.anonymousKb, 2_000_000) + (running ? 0.95 * machine.memoryKb : 0.06 * machine.memoryKb)),
    activeKb: host.anonymousKb + cacheKb - inactiveKb,
    inactiveKb,
    dirtyKb: wholePages(Math.min(host.dirtyKb, host.cachedKb)),
    anonymousKb: host.anonymousKb,
    slabKb: host.slabKb + wholePages(0.006 * host.cachedKb),
    stackKb: 8 * Math.round(1.015 * host.processes),
    pageTableKb: wholePages(4_443 + 0.0025 * host.anonymousKb),
    otherKb: host.otherKb
  }
}

function stepLoad (host: Host, machine: MachineType, demand: Demand, random: Random): SarSample['load'] {
  const base = 600 + (demand.memory > 0.15 ? 35 * Math.min(8, machine.cores) : 0)
  host.processes = Math.round(host.processes + 0.6 * (base - host.processes) + random.normal(0, 6))
  const running = Math.max(1, Math.round(machine.cores * host.cpuLevel * (0.3 + random.uniform())))
  const [one, five, fifteen] = host.averages
  const moved = (average: number, decay: number): number => average * decay + (machine.cores * host.cpuLevel * 0.6) * (1 - decay)
  host.averages = [moved(one, LOAD_DECAY[0]), moved(five, LOAD_DECAY[1]), moved(fifteen, LOAD_DECAY[2])]
  const blocked = demand.read > 0.5 && random.chance(0.3) ? random.integer(1, 3) : 0
  return { running, processes: host.processes, averages: host.averages, blocked }
}

/** A heartbeat of small packets, and bulk in frames of up to 9,001 bytes, as inside a placement group. */
function stepNetwork (bulkKbPerSecond: number, random: Random): SarSample['network'] {
  const packets = random.integer(8, 60)
  const receivedBulk = random.logNormal(bulkKbPerSecond + 0.01, 0.5) * 1024 * INTERVAL_SECONDS
  const sentBulk = receivedBulk * (0.02 + 0.05 * random.uniform())
  return {
    receivedCount: packets + Math.round(receivedBulk / 6_000),
    sentCount: packets + Math.round(receivedBulk / 12_000),
    receivedBytes: Math.round(Math.min(39_900 * 1024 * INTERVAL_SECONDS, packets * 140 + receivedBulk)),
    sentBytes: Math.round(packets * 230 + sentBulk)
  }
}

/** Kilobytes as the kernel counts them, in pages of four. */
function wholePages (kb: number): number {
  return 4 * Math.round(kb / 4)
}

function clamp (value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value))
}
