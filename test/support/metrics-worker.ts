/** A thread that counts as fast as it can until it is ended, and keeps a tally beside. */

import { parentPort, workerData } from 'node:worker_threads'
import { InstrumentSet } from '../../src/observe/instruments.ts'
import { Registry } from '../../src/observe/registry.ts'
import { Link } from '../../src/workers/link.ts'
import { type MetricsCalls, SharedValues } from '../../src/workers/metrics.ts'
import { declareBirds, nests, type Tally } from './birds.ts'

if (parentPort === null) throw new Error('this is a thread')
const { begun, done } = workerData as Tally
const { eggs, flights } = declareBirds(
  new InstrumentSet(new Registry(), new SharedValues(new Link<MetricsCalls>(parentPort, {}))),
)

for (let round = 0; ; round++) {
  // Series by series, so that an end comes in the midst of their beginnings.
  const nest = round % Math.min(nests, 1 + Math.floor(round / 500))
  begun[nest] = (begun[nest] ?? 0) + 1
  eggs.cell(`${nest}`).add(1)
  flights.cell(`${nest}`).observe(nest % 3)
  done[nest] = (done[nest] ?? 0) + 1
}
