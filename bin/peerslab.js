#!/usr/bin/env node
import { fileURLToPath } from 'node:url'
import { exitWith, run } from '../scripts/ready.js'

// A peer runs for months beside the jobs that it is about: V8 would rather let its heap double than collect it. These
// settings halve the memory of a peer that catches up, for a tenth of its time.
const flags = process.argv[2] === 'peer' ? ['--max-semi-space-size=2', '--heap-growing-percent=20'] : []

await exitWith(() => run('node', [...flags, fileURLToPath(new URL('../dist/cli/main.js', import.meta.url)), ...process.argv.slice(2)]))
