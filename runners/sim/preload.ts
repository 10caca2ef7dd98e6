/** Loaded before the simulation and its libraries: replaces time, chance and native work of the process. */
import { setFlagsFromString } from 'node:v8'
import { installWorld } from './clock/install.ts'
import { readJob } from './job.ts'
import { leaveWorld } from './world.ts'

// Otherwise every 64 MB of buffers, which is little for many peers, have the whole heap marked, which takes half of the time. Set
// here, because a Node.js that no longer knows this as an option would not start.
setFlagsFromString('--external-memory-accounted-in-global-limit')

const { seed, paced, costs } = readJob()
leaveWorld(await installWorld({ seed, paced, costs }))
