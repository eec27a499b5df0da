/** What a worker measures, in memory that the hub reads along. */

import type { Clock } from '../base/clock.ts'
import type { NamedExemplar } from '../observe/histogram-family.ts'
import type { Registry } from '../observe/registry.ts'
import type { SeriesName, ValueMemory } from '../observe/series.ts'
import type { Link } from './link.ts'

interface OpenedSeries extends SeriesName {
  /** In shared memory: a clone of it is the same memory. */
  readonly values: Float64Array
}

/** What the hub does for a worker. */
export type MetricsCalls = {
  seriesOpened(opened: OpenedSeries): void
  seriesClosed(series: SeriesName): void
}

/** What a worker does for the hub. */
export type RefreshCalls = {
  /** What is read at a scrape is read now. Returns what shared memory does not tell. */
  refreshMetrics(): readonly NamedExemplar[]
}

const bytesOfValue = Float64Array.BYTES_PER_ELEMENT
/** Some hundred series, in a chunk of 32 KiB. */
const valuesOfChunk = 4096
/** A scrape waits no longer for workers: one that is stuck is shown as it was. */
const refreshLimitMs = 250

/** A worker's side. The hub is told of a series before anything is counted in it, so that nothing is lost with the worker. */
export class SharedValues implements ValueMemory {
  readonly #hub: Pick<Link<MetricsCalls>, 'tell'>
  #chunk = new SharedArrayBuffer(valuesOfChunk * bytesOfValue)
  #usedBytes = 0

  constructor(hub: Pick<Link<MetricsCalls>, 'tell'>) {
    this.#hub = hub
  }

  open({ metric, labels }: SeriesName, length: number): Float64Array {
    const bytes = length * bytesOfValue
    if (this.#usedBytes + bytes > this.#chunk.byteLength) {
      this.#chunk = new SharedArrayBuffer(Math.max(valuesOfChunk * bytesOfValue, bytes))
      this.#usedBytes = 0
    }
    const values = new Float64Array(this.#chunk, this.#usedBytes, length)
    this.#usedBytes += bytes
    this.#hub.tell('seriesOpened', { metric, labels, values })
    return values
  }

  /** Its memory is not used again: somebody may hold the cell still, and write to it. */
  close({ metric, labels }: SeriesName): void {
    this.#hub.tell('seriesClosed', { metric, labels })
  }
}

/** The hub's side, for one worker. What it has counted stays when `registry.ended` is told of it, after all that it has told. */
export function metricsCalls(registry: Registry, worker: number): MetricsCalls {
  return {
    seriesOpened: ({ values, ...series }) => registry.adopt(worker, series, values),
    seriesClosed: (series) => registry.drop(worker, series),
  }
}

/** The hub's side: what a scrape waits for. Never rejects. */
export async function refreshWorkers(
  registry: Registry,
  workers: Iterable<Pick<Link<RefreshCalls>, 'call'>>,
  clock: Clock,
): Promise<void> {
  const refreshed = [...workers].map(async (worker) =>
    registry.adoptExemplars(await worker.call('refreshMetrics', undefined)),
  )
  const late = Promise.withResolvers<void>()
  const callOff = clock.alarm(refreshLimitMs, late.resolve)
  await Promise.race([Promise.allSettled(refreshed), late.promise])
  callOff()
}
