import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { WebSocketServer } from 'ws'
import { serveConnection } from './connection.ts'
import { syncLimits } from './limits.ts'
import type { SyncState } from './state.ts'
import { createSyncCounters } from './counters.ts'
import { createSyncState } from './state.ts'
import { connectWire } from './wire-client.ts'

/** A state that counts the readers and barriers that are open in it. */
function createCountingState (): SyncState & { open: number } {
  const state = createSyncState(1e6)
  return {
    ...state,
    open: 0,
    read (topic, appended) {
      this.open++
      const reader = state.read(topic, appended)
      return {
        ...reader,
        stop: () => {
          this.open--
          reader.stop()
        }
      }
    },
    barrier (key, target, reached) {
      this.open++
      const giveUp = state.barrier(key, target, reached)
      return () => {
        this.open--
        giveUp()
      }
    }
  }
}

it('leaves nothing open in the state when its client is gone', async () => {
  const state = createCountingState()
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  server.on('connection', (socket) => serveConnection({ socket, state, counters: createSyncCounters(), limits: syncLimits, onWarning: () => {} }))
  await once(server, 'listening')
  const client = await connectWire(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
  for (const id of ['a', 'b', 'b']) {
    client.send({ id, subscribe: { topic: 'topic' } })
    client.send({ id, barrier: { state: 'state', target: 1_000 } })
  }
  await client.ask({ id: 'fence', signal_entry: { state: 'fence' } })
  expect(state.open).toBe(6)
  client.send({ id: 'b', is_cancel: true })
  await client.ask({ id: 'fence', signal_entry: { state: 'fence' } })
  expect(state.open).toBe(2)
  client.socket.terminate()
  await expect.poll(() => state.open, { timeout: 10_000 }).toBe(0)
  await new Promise((resolve) => { server.close(resolve) })
})
