import { Abandoned } from '../base/errors.ts'
import type { CacheKey } from '../cache/cache-key.ts'
import type { ObjectHead } from '../cache/record.ts'
import type { RunPorts, RunSpec } from './run-spec.ts'
import { SliceRun } from './slice-run.ts'

/** Which version of which object, and whom it is asked of: the origin that a bucket had before is closed with its last request. */
type RunOf = SliceRun['of']

/** Single flight for slices: ask here before asking the origin. */
export class RunTable {
  readonly #ports: RunPorts
  readonly #runs = new Map<string, Set<SliceRun>>()

  constructor(ports: RunPorts) {
    this.#ports = ports
  }

  /** The run a reader of slice `index` of this version should wait for. */
  covering(what: RunOf, index: number): SliceRun | undefined {
    const runs = this.#runs.get(name(what))
    if (runs === undefined) return undefined
    for (const run of runs) if (run.of.origin === what.origin && run.covers(index)) return run
    return undefined
  }

  /** Slices from `first` on that no run of this version will come to by itself: where a new run should end, at most `last`. */
  openEnd(what: RunOf, first: number, last: number): number {
    let end = last
    for (const run of this.#runs.get(name(what)) ?? []) {
      if (run.of.origin === what.origin && run.next > first && run.comesTo(run.next)) end = Math.min(end, run.next - 1)
    }
    return end
  }

  /**
   * Starts a run where none covers its first slice; runs that would come there later end before it, so that no byte is asked
   * for twice. The caller attaches.
   */
  start(spec: RunSpec): SliceRun {
    const id = name(spec)
    const runs = this.#runs.get(id) ?? new Set()
    for (const other of runs) {
      if (other.of.origin === spec.origin && other.comesTo(spec.first)) other.endBefore(spec.first)
    }
    const run = new SliceRun(spec, this.#ports)
    this.#runs.set(id, runs.add(run))
    void run.ended.then(() => {
      runs.delete(run)
      if (runs.size === 0 && this.#runs.get(id) === runs) this.#runs.delete(id)
    })
    return run
  }

  /** Those of what was purged go on for their readers alone. */
  storeNothing(isPurged: (key: CacheKey, head: ObjectHead) => boolean): void {
    for (const runs of this.#runs.values()) {
      for (const run of runs) if (isPurged(run.of.key, run.of.head)) run.storeNothing()
    }
  }

  get size(): number {
    let count = 0
    for (const runs of this.#runs.values()) count += runs.size
    return count
  }

  async close(): Promise<void> {
    const all = [...this.#runs.values()].flatMap((runs) => [...runs])
    for (const run of all) run.stop(new Abandoned('shutting down'))
    await Promise.all(all.map((run) => run.ended))
  }
}

/** Slices are told apart by where they are cut as well: an origin may lie about the tag. */
const name = ({ key, head: { etag, size, sliceBytes } }: RunOf) => `${key.id}\n${size}/${sliceBytes} ${etag}`
