import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { contributionChannel } from '../../plans/index.ts'
import { createLineFile } from './line-file.ts'
import { messageColumns, messageLine, watchMessages } from './messages.ts'
import { createFinder, judgeSigns, signsOf } from './signs.ts'
import type { ContributionEvent } from '../../plans/index.ts'
import type { LineFile } from './line-file.ts'
import type { Message, MessagesInit } from './messages.ts'
import type { Sign } from './signs.ts'

/** So many names of other contributions are told where the one that was asked for does not occur. */
const namesToldMax = 5

export interface Followed {
  readonly name: string
  readonly cid: string
  /** The instance that contributed it. */
  readonly from: string
}

export interface Sequence {
  /** The contribution, once it was made. */
  readonly followed: Followed | undefined
  /** Closes the file. Returns a sentence where nobody made the contribution. */
  close (): string | undefined
}

export interface SequenceInit extends Pick<MessagesInit, 'nowMs' | 'nameOf'> {
  readonly file: string
  /** The name or the CID of the contribution; the first one, where several have it. */
  readonly contribution: string
  /** The name of the instance on whose behalf the program runs now. */
  readonly current: () => string
}

/**
 * Follows one contribution through the network: writes each message that holds the digest of its entry or of a block of its
 * file, or these themselves, from the moment at which it is made.
 */
export function followContribution ({ file, contribution: wanted, current, nowMs, nameOf }: SequenceInit): Sequence {
  const others = new Set<string>()
  const carrying = new Map<Message, NonNullable<ReturnType<typeof judgeSigns>>>()
  const find = createFinder()
  let signs: Sign[] = []
  let contribution: ContributionEvent['contribution'] | undefined
  let followed: Followed | undefined
  let lines: LineFile | undefined

  const onContribution = (heard: unknown): void => {
    const event = heard as ContributionEvent
    const { name, cid } = event.contribution
    const isFirst = contribution == null && (name === wanted || cid === wanted)

    if (isFirst) {
      contribution = event.contribution
      followed = { name, cid, from: current() }
      lines = createLineFile(file)
      lines.write(`${messageColumns},what`)
    }

    if (event.contribution === contribution) {
      // The digest of the entry comes with the second telling, which is the same but for that.
      signs = isFirst ? signsOf(event, current()) : [...signs, ...digestSign(signs, event)]
    } else {
      others.add(name)
    }
  }

  const stop = watchMessages({
    nowMs,
    nameOf,
    onSent: (message, end, data) => {
      const judged = signs.length === 0 ? undefined : judgeSigns(message.from, find(signs, end, data.subarray()))

      if (judged != null) {
        carrying.set(message, judged)
      }
    },
    onEnd: (message) => {
      const judged = carrying.get(message)

      if (judged != null) {
        carrying.delete(message)
        lines?.write(`${messageLine(message)},${judged.what}`)
        judged.brings.forEach(({ holders }) => { holders.add(message.to) })
      }
    }
  })
  subscribe(contributionChannel, onContribution)

  return {
    get followed () { return followed },
    close: () => {
      unsubscribe(contributionChannel, onContribution)
      stop()
      lines?.close()
      return followed == null ? unknownSentence(wanted, [...others]) : undefined
    }
  }
}

function digestSign (signs: readonly Sign[], { entry }: ContributionEvent): Sign[] {
  const thing = signs.find((sign) => sign.thing.kind === 'entry')?.thing
  return thing == null || entry == null ? [] : [{ thing, isContent: false, bytes: entry }]
}

function unknownSentence (wanted: string, names: readonly string[]): string {
  const told = names.slice(0, namesToldMax).join(', ')
  const there = names.length === 0 ? 'this run has no contributions' : `contributions of this run are ${told}${names.length > namesToldMax ? ', …' : ''}`
  return `no instance contributed "${wanted}", so there is no sequence; ${there}`
}
