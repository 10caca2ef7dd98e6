import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import { openPeer } from '../index.ts'
import { createHttpServer } from './server.ts'
import type { Peer } from '../api.ts'
import type { HttpServer, HttpServerInit } from './server.ts'

export interface Answer {
  status: number
  json: any // eslint-disable-line @typescript-eslint/no-explicit-any
  headers: Headers
}

/** What each test of the HTTP interface starts from: a peer in memory, and a directory for downloads. Closed after it. */
export interface HttpBench {
  peer: Peer
  downloads: string
  /** Serves the peer on a free port; resolves with the URL. */
  serve (init?: Partial<HttpServerInit>): Promise<string>
  /** The server that was started last. */
  server: HttpServer
  /** Another peer. */
  open (): Promise<Peer>
}

export function makeHttpBench (): HttpBench {
  const closers: Array<() => Promise<void>> = []
  const open = async (): Promise<Peer> => {
    const peer = await openPeer()
    closers.push(() => peer.close())
    return peer
  }
  const bench = {
    open,
    serve: async (init: Partial<HttpServerInit> = {}) => {
      bench.server = createHttpServer(bench.peer, { port: 0, downloadDirectory: bench.downloads, ...init })
      closers.push(bench.server.close)
      return bench.server.listen()
    }
  } as HttpBench

  beforeEach(async () => {
    bench.downloads = await mkdtemp(join(tmpdir(), 'peersdb-http-'))
    bench.peer = await open()
  })
  afterEach(async () => {
    // The interface before the peer that it serves.
    for (const close of closers.splice(0).reverse()) {
      await close()
    }

    await rm(bench.downloads, { recursive: true })
  })
  return bench
}

/** A request, with its answer read. */
export async function ask (url: string, init?: RequestInit): Promise<Answer> {
  const response = await fetch(url, init)
  const text = await response.text()
  const json = response.headers.get('content-type')?.startsWith('application/json') === true ? JSON.parse(text) : text
  return { status: response.status, json, headers: response.headers }
}
