/** What the hub has a worker do. */

import type { PurgeMark } from '../cache/purge.ts'
import type { Config, ListenAddress } from '../config/config.ts'
import type { Listening } from '../http/server.ts'

/** A configuration in the hands of another thread: plain values. */
export interface Numbered {
  /** Of its generation, see `assembly/generations.ts`. */
  readonly number: number
  readonly config: Config
}

export interface Load {
  readonly connections: number
  readonly requests: number
}

/** What holds when a thread begins; what changes later it is told. */
export interface Opening {
  readonly purges: readonly PurgeMark[]
}

export type LifeCalls = {
  /** Resolves when the worker could serve; rejects when it cannot. */
  open(opening: Opening): Promise<void>
  listen(address: ListenAddress): Promise<Listening>
  load(): Load
  /** Requests that wait may have been granted a slot. */
  collectSlots(): void
  /** The next configuration is made, and not used yet. Rejects, with nothing of it left, when something of it cannot be made. */
  prepare(next: Numbered): void
  /** What was prepared is used from now on. */
  commit(): void
  /** What was prepared is not wanted after all. */
  discard(): void
  /** Requests in flight to their end within the limit, then everything is closed; the thread may end. */
  drain(timeoutMs: number): Promise<void>
}
