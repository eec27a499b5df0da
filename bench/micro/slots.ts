/** What it costs to take a slot and to give it back: counted by one thread, and in memory that threads share. One thread. */

import { systemClock as clock } from '../../src/base/clock.ts'
import { createSlots, type Slots } from '../../src/limits/concurrency.ts'
import { HubSlots } from '../../src/limits/hub-slots.ts'
import { measure } from './measure.ts'

const options = { max: 10_000, queue: 1000, waitLimitMs: 1000, buckets: ['media', 'music', 'films'] }
const client = { signal: new AbortController().signal }

const counted: Readonly<Record<string, Slots>> = {
  'by one thread': createSlots(options, { clock }),
  'in shared memory': new HubSlots({ ...options, threads: 5 }, { clock, wake: () => undefined }),
}

for (const [name, slots] of Object.entries(counted)) {
  await measure(`slots ${name}`, 1_000_000, (times) => {
    for (let time = 0; time < times; time++) {
      const release = slots.take('media', client)
      if (release instanceof Promise) throw new Error('there are enough')
      release()
    }
  })
}
