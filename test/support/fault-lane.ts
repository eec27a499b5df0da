/** One direction of a connection through a `FaultProxy`. */
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { LaneFault } from './faults.ts'

export interface LaneRules {
  /** Resolves while nothing may pass only once it may again. */
  untilOpen(): Promise<void>
  /** Whether somebody else has answered the chunk. */
  isAnswered(chunk: Buffer): boolean
  /** `bytes` have passed, or been changed or withheld. */
  passed(bytes: number): void
  struck(): void
}

/** A throttled lane sends so often in a second. */
const throttleTicks = 20

export class FaultLane {
  readonly #from: Socket
  readonly #to: Socket
  readonly #rules: LaneRules
  readonly #signal: AbortSignal
  #fault: LaneFault | undefined
  /** Since the fault began. */
  #passed = 0
  #isCut = false

  constructor(from: Socket, to: Socket, rules: LaneRules, signal: AbortSignal) {
    this.#from = from
    this.#to = to
    this.#rules = rules
    this.#signal = signal
  }

  /** Nothing passes here any more, whatever the other lane does. */
  get isCut(): boolean {
    return this.#isCut
  }

  /** Has no effect on a lane that was cut. */
  strike(fault: LaneFault | undefined): void {
    this.#fault = fault
    this.#passed = 0
  }

  /** Until the end of the stream, which is passed on; a connection that breaks on one side is reset on the other. */
  async run(): Promise<void> {
    try {
      for await (const chunk of this.#from.iterator({ destroyOnReturn: false })) {
        await this.#rules.untilOpen()
        if (!this.#rules.isAnswered(chunk)) await this.#pass(chunk)
      }
      await this.#rules.untilOpen()
      this.#to.end()
    } catch {
      // Broken by either side, or by the proxy itself, which has destroyed both sockets then.
      if (!this.#to.destroyed) this.#to.resetAndDestroy()
    }
  }

  async #pass(chunk: Buffer): Promise<void> {
    for (let at = 0; at < chunk.length; ) {
      const fault = this.#fault ?? {}
      const room = (fault.cutAfter ?? Number.POSITIVE_INFINITY) - this.#passed
      const piece = chunk.subarray(at, at + Math.max(0, Math.min(pieceBytes(fault), room)))
      if (fault.delayMs !== undefined) await this.#wait(fault.delayMs)
      if (piece.length > 0) await this.#send(this.#flipped(piece, fault))
      at += piece.length
      if (piece.length >= room) return await this.#cut(fault.cut ?? 'close')
      if (fault.bytesPerSecond !== undefined) await this.#wait((piece.length / fault.bytesPerSecond) * 1000)
    }
  }

  async #send(piece: Buffer): Promise<void> {
    this.#passed += piece.length
    this.#rules.passed(piece.length)
    if (!this.#to.write(piece)) await once(this.#to, 'drain', { signal: this.#signal })
  }

  #flipped(piece: Buffer, { flipAt, flipEvery = Number.POSITIVE_INFINITY }: LaneFault): Buffer {
    if (flipAt === undefined && flipEvery === Number.POSITIVE_INFINITY) return piece
    const first = (flipAt ?? 0) - this.#passed
    let at = first >= 0 ? first : flipEvery - (-first % flipEvery || flipEvery)
    const changed = Buffer.from(piece)
    for (; at < piece.length; at += flipEvery) {
      this.#rules.struck()
      changed[at] = (changed[at] ?? 0) ^ 1
    }
    return changed
  }

  async #cut(kind: NonNullable<LaneFault['cut']>): Promise<void> {
    this.#rules.struck()
    this.#isCut = true
    for (const socket of [this.#from, this.#to]) {
      if (kind === 'reset') socket.resetAndDestroy()
      else if (kind === 'close') socket.destroySoon()
    }
    if (kind === 'half-close') this.#to.end()
    if (!this.#signal.aborted) await once(this.#signal, 'abort')
    throw this.#signal.reason
  }

  async #wait(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#signal })
  }
}

function pieceBytes({ bytesPerSecond }: LaneFault): number {
  return bytesPerSecond === undefined
    ? Number.POSITIVE_INFINITY
    : Math.max(1, Math.ceil(bytesPerSecond / throttleTicks))
}
