#!/usr/bin/env node
import { fileURLToPath } from 'node:url'
import { exitWith, run } from '../scripts/ready.js'

await exitWith(() => run('node', [fileURLToPath(new URL('../dist/cli/main.js', import.meta.url)), ...process.argv.slice(2)]))
