/** The threads that serve requests: started, kept to one configuration, replaced when they end, and sent home. */

import { createServer } from 'node:net'
import { Worker } from 'node:worker_threads'
import type { Clock } from '../base/clock.ts'
import type { ListenAddress } from '../config/config.ts'
import type { Logger } from '../observe/logger.ts'
import type { Load, Numbered, Opening } from '../workers/life-calls.ts'
import { type Calls, Link } from '../workers/link.ts'
import { CrewMember } from './crew-member.ts'
import type { PublicListener } from './listeners.ts'
import type { WorkerCalls } from './worker-app.ts'

export interface CrewPorts {
  readonly clock: Clock
  readonly logger: Logger
  /** What a thread runs: it does `WorkerCalls`. */
  readonly program: URL
  /** The configuration that requests meet now. */
  current(): Numbered
  /** What a thread that starts is given: plain values, and memory that is shared. */
  boot(thread: number): unknown
  /** What is done for the thread here. */
  calls(thread: number, link: Link<WorkerCalls>): Calls
  /** What the thread is told first. From now on it is told of changes. */
  opening(thread: number, link: Link<WorkerCalls>): Opening
  /** The thread is about to serve. Resolves when it may. */
  serving(thread: number): Promise<void>
  /** The thread has ended: what it held is given back. Resolves, and never rejects, when another may have its number. */
  ended(thread: number): Promise<void>
  /** For tests that end threads. */
  readonly spawned?: ((worker: Worker) => void) | undefined
}

/** A thread that ended is replaced after so long; one that ends again and again, later and later. */
const firstPauseMs = 50
const longestPauseMs = 5000
/** Who has lived so long, start included, has not ended for how it started. */
const soundAfterMs = 2_000
/** Threads are asked how they are this often; one that has not said so many times in a row hangs, and is ended. */
const lookEveryMs = 5_000
const mostUnanswered = 12
/** Beyond the time that requests have to end: to write what waits. */
const closingMs = 15_000

export class Crew implements PublicListener {
  readonly #address: ListenAddress
  readonly #size: number
  readonly #ports: CrewPorts
  readonly #members = new Map<number, CrewMember>()
  readonly #pauses = new Map<number, number>()
  /** When numbers may be given again. */
  readonly #vacancies = new Map<number, Promise<void>>()
  #bound: ListenAddress | undefined
  #isDraining = false
  #lookNoMore = () => {}

  /** `size`: how many threads; they are numbered from 1. */
  constructor(address: ListenAddress, size: number, ports: CrewPorts) {
    this.#address = address
    this.#size = size
    this.#ports = ports
  }

  /** Those that serve. */
  get links(): ReadonlyMap<number, Link<WorkerCalls>> {
    const serving = [...this.#members].filter(([, { isServing }]) => isServing)
    return new Map(serving.map(([number, { link }]) => [number, link]))
  }

  /** Undefined: it has ended, or not begun. */
  linkTo(thread: number): Link<WorkerCalls> | undefined {
    return this.#members.get(thread)?.link
  }

  async listen(): Promise<{ readonly url: string }> {
    // They share the port among themselves, which would hide that another program has it.
    if (this.#address.port !== 0) await expectFree(this.#address)
    const first = await this.#start(1, this.#address)
    this.#bound = { host: this.#address.host, port: first.port }
    const others = Array.from({ length: this.#size - 1 }, (_, at) => this.#start(at + 2, this.#address))
    await Promise.all(others)
    this.#lookNoMore = this.#ports.clock.repeat(lookEveryMs, () => this.#look())
    return first
  }

  async load(): Promise<Load> {
    const loads = await Promise.all(this.#serving().map(({ link }) => link.call('load', undefined).catch(() => idle)))
    const sum = (of: (load: Load) => number) => loads.reduce((total, load) => total + of(load), 0)
    return { connections: sum((load) => load.connections), requests: sum((load) => load.requests) }
  }

  /** Rejects, with nothing changed, when it cannot be made in every thread. */
  async prepare(next: Numbered): Promise<void> {
    const results = await Promise.allSettled(this.#open().map((member) => member.prepare(next)))
    const failed = results.find((result) => result.status === 'rejected')
    if (failed === undefined) return
    this.discard()
    throw failed.reason
  }

  /** The current configuration is used from now on. Resolves when it is in every thread that can be reached. */
  async commit(): Promise<void> {
    await Promise.all(this.#open().map((member) => this.#bringUp(member)))
  }

  discard(): void {
    for (const member of this.#members.values()) member.discard()
  }

  async drain(timeoutMs: number): Promise<void> {
    this.#isDraining = true
    this.#lookNoMore()
    await Promise.all([...this.#members.values()].map((member) => this.#sendHome(member, timeoutMs)))
  }

  /** Purges and reloads wait for every thread: none may hang for ever. */
  #look(): void {
    for (const [number, member] of this.#members) {
      if (!member.isServing) continue
      if (++member.unanswered > mostUnanswered) {
        this.#ports.logger.error({ worker: number }, 'a worker hangs, and is ended')
        void member.worker.terminate() // never rejects
      }
      const heard = () => {
        member.unanswered = 0
      }
      member.link.call('load', undefined).then(heard, () => undefined) // it has ended
    }
  }

  #serving(): readonly CrewMember[] {
    return [...this.#members.values()].filter(({ isServing }) => isServing)
  }

  #open(): readonly CrewMember[] {
    return [...this.#members.values()].filter(({ isOpen }) => isOpen)
  }

  /** Rejects when it cannot serve; then it has ended. */
  async #start(number: number, address: ListenAddress): Promise<{ readonly port: number; readonly url: string }> {
    await this.#vacancies.get(number)
    if (this.#isDraining) throw new Error('the proxy is shutting down')
    const member = this.#spawn(number)
    try {
      await member.link.call('open', this.#ports.opening(number, member.link))
      member.isOpen = true
      await member.takeUp(this.#ports.current()) // which may not be what it began with any more
      await this.#ports.serving(number)
      const listening = await member.link.call('listen', this.#bound ?? address)
      member.isServing = true
      return listening
    } catch (error) {
      await member.worker.terminate()
      throw error
    }
  }

  #spawn(number: number): CrewMember {
    const { program, logger, clock, current, boot, calls: callsFor, spawned } = this.#ports
    const worker = new Worker(program, { workerData: boot(number) })
    const calls: Record<string, Calls[string]> = {}
    const link = new Link<WorkerCalls>(worker, calls)
    Object.assign(calls, callsFor(number, link))
    const member = new CrewMember({ worker, link, startedMs: clock.monotonicMs(), has: current().number })
    this.#members.set(number, member)
    worker.on('error', (error) => logger.error({ worker: number, err: error }, 'a worker has failed'))
    worker.on('exit', () => this.#ended(number, member))
    spawned?.(worker)
    return member
  }

  #ended(number: number, member: CrewMember): void {
    const { clock, logger } = this.#ports
    member.link.close()
    this.#members.delete(number)
    this.#vacancies.set(number, this.#ports.ended(number))
    if (this.#isDraining || !member.isServing) return
    if (clock.monotonicMs() - member.startedMs > soundAfterMs) this.#pauses.delete(number)
    logger.error({ worker: number }, 'a worker has ended, and is replaced')
    this.#replaceLater(number)
  }

  #replaceLater(number: number): void {
    const { clock, logger } = this.#ports
    const pauseMs = this.#pauses.get(number) ?? firstPauseMs
    this.#pauses.set(number, Math.min(longestPauseMs, pauseMs * 2))
    clock.alarm(pauseMs, () => {
      if (this.#isDraining) return
      this.#start(number, this.#address).catch((error: unknown) => {
        if (this.#isDraining) return
        logger.error({ worker: number, err: error }, 'a worker cannot start')
        this.#replaceLater(number) // it is tried again for as long as it takes
      })
    })
  }

  /** A thread that cannot go along is replaced by one that begins with what holds now. */
  async #bringUp(member: CrewMember): Promise<void> {
    try {
      await member.takeUp(this.#ports.current())
    } catch (error) {
      this.#ports.logger.error({ err: error }, 'a worker cannot take up the config, and is replaced')
      await member.worker.terminate()
    }
  }

  async #sendHome({ worker, link }: CrewMember, timeoutMs: number): Promise<void> {
    const over = this.#ports.clock.alarm(timeoutMs + closingMs, () => void worker.terminate()) // never rejects
    try {
      await link.call('drain', timeoutMs)
    } catch {
      // It has ended by itself: there is nothing to wait for.
    }
    over()
    await worker.terminate()
  }
}

const idle: Load = { connections: 0, requests: 0 }

/** Rejects as a listener without company would. */
async function expectFree({ host, port }: ListenAddress): Promise<void> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port, exclusive: true }, resolve)
  })
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
  })
}
