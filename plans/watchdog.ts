import { setTimeout as delay } from 'node:timers/promises'
import WebSocket from 'ws'

const attempts = 4
const retryDelayMs = 500

/**
 * Keeps a connection of its own to the sync service, because the SDK does not tell when its one is lost: its
 * requests then never settle, and the process would end as if all were well.
 *
 * @param onLost - called once, when the connection is lost and cannot be had again
 * @returns what stops the watch
 */
export async function watchSyncService (onLost: (reason: string) => void): Promise<() => void> {
  const host = process.env.SYNC_SERVICE_HOST ?? 'testground-sync-service'
  const port = process.env.SYNC_SERVICE_PORT ?? '5050'
  const url = `ws://${host}:${port}`
  let stopped = false
  let socket = await connect(url)

  function watch (): void {
    socket.once('close', () => {
      if (!stopped) {
        // An idle connection may have been closed for being idle: only one that cannot be had again is lost.
        connectAgain().then(watch, (err: Error) => { onLost(`the sync service at ${url} is gone: ${err.message}`) })
      }
    })
  }

  async function connectAgain (): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        socket = await connect(url)
        return
      } catch (err) {
        if (attempt === attempts) {
          throw err
        }

        await delay(retryDelayMs)
      }
    }
  }

  watch()
  return () => {
    stopped = true
    socket.terminate()
  }
}

async function connect (url: string): Promise<WebSocket> {
  const socket = new WebSocket(url)
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  socket.on('error', () => { socket.terminate() })
  return socket
}
