/**
 * Which thread asks the origin for which head, and who waits for what comes of it. Of one question there is one claim, unless
 * what its exchange will say has been purged, or its own thread asks anew because that will not do: then the next one takes
 * its place, and those who waited wait for that.
 */

import type { Clock } from '../base/clock.ts'
import type { EpochMs, RecordId } from '../base/types.ts'
import type { Outcome } from '../objects/peers.ts'
import { JustEnded } from './just-ended.ts'
import type { ClaimQuestion, ClaimReply } from './peer-calls.ts'

export interface ClaimsPorts {
  readonly clock: Clock
  /** Whether a purge covers what came of an exchange that began then. */
  isOutdated(id: RecordId, startedAt: EpochMs): boolean
}

interface Claimant {
  readonly thread: number
  readonly question: ClaimQuestion
  answer(reply: ClaimReply): void
  /** With whom it waits. Undefined: it has the claim itself. */
  readonly crowd: Set<Claimant> | undefined
}

interface Claim {
  readonly holder: Claimant
  readonly crowd: Set<Claimant>
}

export class Claims {
  readonly #ports: ClaimsPorts
  readonly #claims = new Map<string, Claim>()
  readonly #claimants = new Map<string, Claimant>()
  /** Claims that were given back a moment ago: who claims the same may have looked into the store before. */
  readonly #returned: JustEnded

  constructor(ports: ClaimsPorts) {
    this.#ports = ports
    this.#returned = new JustEnded(ports.clock)
  }

  /** How many claim or wait. */
  get size(): number {
    return this.#claimants.size
  }

  claim(thread: number, question: ClaimQuestion): Promise<ClaimReply> {
    return new Promise((answer) => {
      const claimant: Claimant = { thread, question, answer, crowd: this.#claimFor(thread, question)?.crowd }
      if (claimant.crowd === undefined && !question.hasLooked && this.#wasJustReturned(question)) {
        answer(look)
        return
      }
      this.#claimants.set(keyOf(thread, question.number), claimant)
      if (claimant.crowd === undefined) this.#grant(claimant)
      else claimant.crowd.add(claimant)
    })
  }

  /** Of a claim that is unknown by now: nothing. */
  giveBack(thread: number, number: number, outcome: Outcome): void {
    const claimant = this.#claimants.get(keyOf(thread, number))
    if (claimant === undefined) return
    this.#claimants.delete(keyOf(thread, number))
    if (claimant.crowd === undefined) {
      this.#end(claimant, outcome)
    } else {
      claimant.crowd.delete(claimant)
      claimant.answer(look)
    }
  }

  /** The thread has ended, and with it what it asked. */
  leave(thread: number): void {
    for (const { thread: of, question } of [...this.#claimants.values()]) {
      if (of === thread) this.giveBack(thread, question.number, look)
    }
  }

  /** What this question should wait for. */
  #claimFor(thread: number, question: ClaimQuestion): Claim | undefined {
    return namesServing(question)
      .map((name) => this.#claims.get(name))
      .find((claim) => claim !== undefined && claim.holder.thread !== thread && !this.#isOutdated(claim))
  }

  #isOutdated({ holder: { question } }: Claim): boolean {
    return this.#ports.isOutdated(question.id, question.startedAt)
  }

  #grant(holder: Claimant): void {
    const name = nameOf(holder.question)
    this.#claims.set(name, { holder, crowd: this.#claims.get(name)?.crowd ?? new Set() })
    holder.answer({ kind: 'mine' })
  }

  #end(holder: Claimant, outcome: Outcome): void {
    const name = nameOf(holder.question)
    const claim = this.#claims.get(name)
    if (claim?.holder !== holder) return // another one has taken its place
    this.#claims.delete(name)
    this.#returned.add(name)
    for (const claimant of claim.crowd) {
      this.#claimants.delete(keyOf(claimant.thread, claimant.question.number))
      claimant.answer(outcome)
    }
  }

  #wasJustReturned(question: ClaimQuestion): boolean {
    return namesServing(question).some((name) => this.#returned.has(name))
  }
}

const look: Outcome = { kind: 'look' }

function nameOf({ method, id, originFingerprint }: ClaimQuestion, as = method): string {
  return `${as} ${id}\n${originFingerprint}`
}

/** A GET's answer serves a HEAD as well. */
function namesServing(question: ClaimQuestion): readonly string[] {
  const own = nameOf(question)
  return question.method === 'GET' ? [own] : [nameOf(question, 'GET'), own]
}

const keyOf = (thread: number, number: number) => `${thread}/${number}`
