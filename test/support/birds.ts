/** Metrics that several threads count, and a tally of what they did. */

import type { InstrumentSet } from '../../src/observe/instruments.ts'

export const nests = 300

/** By nest: how often counting has begun, and how often it was done. */
export interface Tally {
  readonly begun: Float64Array
  readonly done: Float64Array
}

export function createTally(): Tally {
  const values = () => new Float64Array(new SharedArrayBuffer(nests * Float64Array.BYTES_PER_ELEMENT))
  return { begun: values(), done: values() }
}

export function declareBirds(declare: InstrumentSet) {
  return {
    eggs: declare.counter('eggs_total', 'Eggs laid.', ['nest']),
    crows: declare.gauge('crows', 'Crows at home.', ['nest']),
    flights: declare.histogram('flight_seconds', 'Time in the air.', ['nest'], [0, 1]),
  }
}
