/**
 * Which threads are alive, for one that cannot wait to be told: while it waits for a lock that a dead thread holds, no message
 * reaches it. The kernel lists the threads of a process in /proc (Linux).
 */

import { existsSync, readlinkSync } from 'node:fs'
import { basename } from 'node:path'

/** The kernel's numbers of threads, by ours; 0: not known. */
export type RollMemory = Int32Array<SharedArrayBuffer>

export interface Roll {
  readonly memory: RollMemory
  /** True as well where nothing is known. */
  isAlive(thread: number): boolean
}

export function createRoll(threads: number): Roll {
  const memory = new Int32Array(new SharedArrayBuffer(threads * Int32Array.BYTES_PER_ELEMENT))
  return {
    memory,
    isAlive: (thread) => {
      const id = Atomics.load(memory, thread)
      return id === 0 || existsSync(`/proc/self/task/${id}`)
    },
  }
}

/** Called on the thread itself. */
export function answerRoll(memory: RollMemory, thread: number): void {
  Atomics.store(memory, thread, ownId())
}

function ownId(): number {
  try {
    return Number(basename(readlinkSync('/proc/thread-self'))) || 0
  } catch {
    return 0 // translated: not Linux
  }
}
