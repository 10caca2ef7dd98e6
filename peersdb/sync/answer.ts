import { sameFingerprint } from './fingerprint.ts'
import { namedMax, prefixDigitsMax, ProtocolError } from './messages.ts'
import type { Prefix } from './fingerprint.ts'
import type { Differ, DigestList, Message, Range } from './messages.ts'
import type { Summary } from './summary.ts'

/** A range in which either side has at most so many digests is listed, and not divided. */
export const listMax = 32

/** All that differs is listed at once if it is not more than this (16 KiB): the next round trip would cost more. */
const listAtOnceMax = 512

const digits = [...'0123456789abcdef']

/**
 * The server's side: the answer to the ranges of a client, to be sent in order. It keeps no state between answers.
 *
 * @throws {ProtocolError} where the message has no ranges
 */
export function answer (summary: Summary, message: Message): Differ[] {
  if (message.type !== 'ranges') {
    throw refusal(`a ${message.type} message cannot be compared`, 'a client sends its ranges')
  }

  const differing = message.ranges
    .map((client) => ({ client, server: rangeOf(summary, client.prefix) }))
    .filter(({ client, server }) => server.count > 0 && !sameFingerprint(client, server))
  const isLittle = differing.reduce((total, { server }) => total + server.count, 0) <= listAtOnceMax
  const ranges: Range[] = []
  const lists: DigestList[] = []

  for (const { client, server } of differing) {
    if (isLittle || isListed(server.prefix, client.count, server.count)) {
      lists.push({ prefix: server.prefix, digests: summary.digests(server.prefix) })
    } else {
      ranges.push(...branches(summary, server.prefix).map((branch) => rangeOf(summary, branch)))
    }
  }

  return pack(ranges, lists)
}

/** Whether a differing range is better listed than divided, which both sides have to agree on. */
export function isListed (prefix: Prefix, clientCount: number, serverCount: number): boolean {
  return Math.min(clientCount, serverCount) <= listMax ||
    2 * clientCount <= serverCount || // At least half of the list is news.
    prefix.length >= prefixDigitsMax
}

export function rangeOf (summary: Summary, prefix: Prefix): Range {
  return { prefix, ...summary.fingerprint(prefix) }
}

export function divide (prefix: Prefix): Prefix[] {
  return digits.map((digit) => prefix + digit)
}

/** The parts of a range with anything in them; it goes down to where there are two, so that a long common prefix costs no round trips. */
function branches (summary: Summary, prefix: Prefix): Prefix[] {
  const parts = divide(prefix).filter((part) => summary.count(part) > 0)
  return parts.length === 1 && parts[0]!.length < prefixDigitsMax ? branches(summary, parts[0]!) : parts
}

/** Puts as much into each message as fits; a long list goes on in the next. */
function pack (ranges: Range[], lists: DigestList[]): Differ[] {
  let message: Differ = { type: 'differ', ranges: [], lists: [], done: false }
  let room = namedMax
  const messages = [message]

  function make (needed: number): void {
    if (room < needed) {
      message = { type: 'differ', ranges: [], lists: [], done: false }
      room = namedMax
      messages.push(message)
    }
  }

  for (const range of ranges) {
    make(1)
    message.ranges.push(range)
    room--
  }

  for (const { prefix, digests } of lists) {
    for (let from = 0; from < digests.length;) {
      make(2)
      const part = digests.slice(from, from + room - 1)
      message.lists.push({ prefix, digests: part })
      room -= part.length + 1
      from += part.length
    }
  }

  message.done = true
  return messages
}

export function refusal (what: string, cure: string): ProtocolError {
  return new ProtocolError(`${what}; ${cure}`)
}
