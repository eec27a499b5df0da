import { Abandoned } from '../base/errors.ts'
import type { CacheKey } from '../cache/cache-key.ts'
import type { ObjectHead } from '../cache/record.ts'
import type { Origin } from '../origin/origin.ts'
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
    return this.coveringOf(versionName(what), index, what.origin)
  }

  /** By the version's name, for whoever does not know the origin: whichever it is asked of. */
  coveringOf(version: string, index: number, origin?: Origin): SliceRun | undefined {
    const runs = this.#runs.get(version)
    if (runs === undefined) return undefined
    for (const run of runs) if (isOf(run, origin) && run.covers(index)) return run
    return undefined
  }

  /** Slices from `first` on that no run of this version will come to by itself: where a new run should end, at most `last`. */
  openEnd(what: RunOf, first: number, last: number): number {
    return this.openEndOf(versionName(what), first, last, what.origin)
  }

  openEndOf(version: string, first: number, last: number, origin?: Origin): number {
    let end = last
    for (const run of this.#runs.get(version) ?? []) {
      if (isOf(run, origin) && run.next > first && run.comesTo(run.next)) end = Math.min(end, run.next - 1)
    }
    return end
  }

  /** Where none covers slice `first`, those that would come there later end before it: another run begins with it. */
  endBefore(version: string, first: number, origin?: Origin): void {
    for (const run of this.#runs.get(version) ?? []) {
      if (isOf(run, origin) && !run.covers(first) && run.comesTo(first)) run.endBefore(first)
    }
  }

  /**
   * Starts a run where none covers its first slice; runs that would come there later end before it, so that no byte is asked
   * for twice. The caller attaches.
   */
  start(spec: RunSpec): SliceRun {
    const id = versionName(spec)
    const runs = this.#runs.get(id) ?? new Set()
    this.endBefore(id, spec.first, spec.origin)
    const run = new SliceRun(spec, this.#ports)
    this.#runs.set(id, runs.add(run))
    this.#ports.peers?.runBegan(id, spec.first)
    void run.ended.then(() => {
      this.#ports.peers?.runEnded(id)
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
export function versionName({ key, head: { etag, size, sliceBytes }, origin }: RunOf): string {
  return `${key.id}\n${size}/${sliceBytes} ${etag}\n${origin.fingerprint}`
}

const isOf = (run: SliceRun, origin: Origin | undefined) => origin === undefined || run.of.origin === origin
