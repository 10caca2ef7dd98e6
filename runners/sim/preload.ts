/** Loaded before the simulation and its libraries: replaces time, chance and native work of the process. */
import { installWorld } from './clock/install.ts'
import { readJob } from './job.ts'
import { leaveWorld } from './world.ts'

const { seed, paced, costs } = readJob()
leaveWorld(await installWorld({ seed, paced, costs }))
