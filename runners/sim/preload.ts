/** Loaded before the simulation and its libraries: replaces time, chance and native work of the process. */
import { setFlagsFromString } from 'node:v8'
import { installWorld } from './clock/install.ts'
import { readJob } from './job.ts'
import { leaveWorld } from './world.ts'

// Without the first option every 64 MB of buffers, which is little for many peers, have the whole heap marked, which takes half of
// the time; without the second, twice the memory is taken before anything is collected. They are set here, because a Node.js that
// no longer knows one of them would not start with it.
setFlagsFromString('--external-memory-accounted-in-global-limit')
setFlagsFromString('--heap-growing-percent=50')

const { seed, paced, costs } = readJob()
leaveWorld(await installWorld({ seed, paced, costs }))
