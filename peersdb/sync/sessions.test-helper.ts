import { sha256 } from '../log/hash.ts'
import { Channel } from './channel.ts'
import type { Hello, Item, Message } from './messages.ts'
import type { MemoryStream } from './streams.test-helper.ts'

/** What a peer says first. */
export const hello = (logAddress = '/orbitdb/log'): Hello =>
  ({ type: 'hello', version: 1, logAddress, size: 1, fingerprint: new Uint8Array(16), holdsAll: false })
/** Something that is wanted. */
export const key: Uint8Array = new Uint8Array(sha256(Buffer.from('wanted')))
/** What a server sends of it. */
export const item = (id: number, bytes = 10, of = key): Item => ({ type: 'item', id, kind: 'entry', key: of, bytes: new Uint8Array(bytes) })

/** One end of a session that says what a test wants it to say, and notes what it hears. */
export function raw (stream: MemoryStream): { channel: Channel, heard: Message[], say: (...messages: Message[]) => Promise<void> } {
  const heard: Message[] = []
  const channel = new Channel(stream, { onMessage: (message) => { heard.push(message) }, onEnd: () => {} })
  return { channel, heard, say: (...messages) => channel.send(messages) }
}

/** Resolves when what was sent has come. */
export function arrived (): Promise<void> {
  return new Promise((resolve) => { setImmediate(resolve) })
}
