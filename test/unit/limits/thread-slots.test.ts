/** Slots that threads share: what matters between them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { Release } from '../../../src/limits/concurrency.ts'
import { HubSlots } from '../../../src/limits/hub-slots.ts'
import { SlotMemory, slotWords } from '../../../src/limits/slot-memory.ts'
import { ThreadSlots } from '../../../src/limits/thread-slots.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const options = { max: 1, queue: 8, waitLimitMs: 1000, buckets: ['a'] }

/** A hub and two threads, and whom of them somebody wanted to wake. */
function stage(changed: Partial<typeof options> & { readonly rows?: number } = {}) {
  const clock = new FakeClock()
  const calls: number[] = []
  const ports = { clock, wake: (thread: number) => void calls.push(thread) }
  const whole = { ...options, ...changed }
  const hub = new HubSlots({ ...whole, threads: 3 }, ports)
  const start = (thread: number) => new ThreadSlots(hub.handle, thread, ports)
  const [first, second] = [start(1), start(2)]
  const memory = new SlotMemory(hub.handle)
  const admitted: string[] = []
  const releases: Release[] = []
  const ask = (slots: ThreadSlots, name: string, signal = new AbortController().signal, bucket = 'a') => {
    const hold = (release: Release) => {
      admitted.push(name)
      releases.push(release)
    }
    const slot = slots.take(bucket, { signal })
    if (slot instanceof Promise) slot.then(hold, () => undefined)
    else hold(slot)
  }
  /** The next one is given back, and whoever is called comes. */
  const release = async () => {
    releases.shift()?.()
    for (const thread of calls.splice(0)) [hub, first, second][thread]?.collect()
    await turn()
  }
  return { clock, calls, hub, start, first, second, memory, whole, admitted, releases, ask, release }
}

const dieWithTheLock = ({ words }: SlotMemory, thread: number) => {
  words[slotWords.lock] = thread + 1
}

test('threads are let in in turn, however many of one came first', async () => {
  const { first, second, admitted, ask, release } = stage()
  for (const name of ['1a', '1b', '1c', '1d']) ask(first, name)
  for (const name of ['2a', '2b']) ask(second, name)
  for (let request = 0; request < 5; request++) await release()
  assert.deepEqual(admitted, ['1a', '1b', '2a', '1c', '2b', '1d'])
})

test('a thread is called once for all that it is granted before it comes', async () => {
  const { calls, first, second, admitted, releases, ask } = stage({ max: 2 })
  for (const name of ['1a', '1b']) ask(first, name)
  for (const name of ['2a', '2b']) ask(second, name)
  for (const give of releases.splice(0)) give()
  assert.deepEqual(calls, [2])
  second.collect()
  await turn()
  assert.deepEqual(admitted.slice(2), ['2a', '2b'])
})

test('a slot that is granted is taken: nobody comes between', async () => {
  const { hub, first, second, admitted, releases, ask } = stage()
  ask(first, '1a')
  ask(second, '2a')
  releases.shift()?.()
  ask(first, '1b')
  assert.deepEqual([hub.taken, hub.waiting], [1, 1])
  second.collect()
  await turn()
  assert.deepEqual(admitted, ['1a', '2a'])
})

test('whoever leaves with a slot granted and not yet known of passes it on', async () => {
  const { calls, first, second, admitted, releases, ask } = stage()
  const client = new AbortController()
  ask(first, '1a')
  ask(second, '2a', client.signal)
  ask(first, '1b')
  releases.shift()?.()
  client.abort()
  assert.deepEqual(calls, [2, 1])
  first.collect()
  await turn()
  assert.deepEqual(admitted, ['1a', '1b'])
})

test('a call that goes astray costs a moment, and nobody looks once nobody waits', async () => {
  const { clock, hub, first, second, admitted, ask, releases } = stage()
  let looks = 0
  const collect = second.collect.bind(second)
  second.collect = () => {
    looks += 1
    collect()
  }
  ask(first, '1a')
  ask(second, '2a')
  releases.shift()?.()
  await clock.advance(100)
  assert.deepEqual([admitted, hub.waiting], [['1a', '2a'], 0])
  await clock.advance(1000)
  assert.equal(looks, 1)
})

test('what a thread had is there again for those who wait, and they are called', async () => {
  const { calls, hub, start, first, second, admitted, ask } = stage({ max: 2 })
  for (const name of ['1a', '1b', '1c']) ask(first, name)
  for (const name of ['2a', '2b']) ask(second, name)
  await hub.forget(1)
  assert.deepEqual([hub.taken, hub.waiting, calls], [2, 0, [2]])
  second.collect()
  await turn()
  assert.deepEqual(admitted.slice(2), ['2a', '2b'])
  ask(start(1), '1d')
  assert.deepEqual([hub.taken, hub.waiting], [2, 1])
})

test('whom a thread should have called when it died is called', async () => {
  const { calls, hub, first, second, releases, ask } = stage()
  ask(first, '1a')
  ask(second, '2a')
  releases.shift()?.()
  calls.length = 0 // it got no further
  await hub.forget(1)
  assert.deepEqual(calls, [2])
})

test('who died with the lock is forgotten at once, and others wait no longer', async () => {
  const { hub, first, second, memory, ask } = stage({ max: 2 })
  ask(first, '1a')
  dieWithTheLock(memory, 1)
  await hub.forget(1)
  ask(second, '2a')
  assert.deepEqual([hub.taken, hub.waiting], [1, 0])
})

test('the hub goes on while a thread that it takes for alive has the lock', async () => {
  const { clock, hub, first, second, memory, whole, admitted, ask } = stage()
  ask(second, '2a')
  dieWithTheLock(memory, 1)
  hub.adjust({ ...whole, max: 2 })
  const forgotten = hub.forget(2)
  await hub.forget(1)
  await clock.advance(1)
  await forgotten
  ask(first, '1a')
  ask(first, '1b')
  assert.deepEqual([hub.taken, admitted], [2, ['2a', '1a', '1b']])
})

test('a bucket beyond those that are counted one by one has its part with the others beyond, until there is room', () => {
  const { hub, first, second, whole, ask, releases } = stage({
    ...{ max: 8, queue: 0, buckets: ['a', 'b', 'c', 'd'], rows: 3 },
  })
  const none = new AbortController().signal
  for (let request = 0; request < 6; request++) ask(first, 'a', none, 'a')
  assert.throws(() => ask(first, 'a', none, 'a'))
  for (const bucket of ['b', 'c']) ask(second, bucket, none, bucket)
  assert.equal(hub.taken, 8)
  assert.throws(() => ask(first, 'd', none, 'd'))
  for (const give of releases.splice(0)) give()
  hub.adjust({ ...whole, max: 4, buckets: ['a', 'd'] })
  for (const bucket of ['a', 'a', 'a', 'd']) ask(first, bucket, none, bucket)
})

test('a bucket whose row went to another one does not live on its part', () => {
  const { hub, first, second, whole, ask, releases } = stage({ max: 8, queue: 0, rows: 3 })
  const none = new AbortController().signal
  ask(first, 'b', none, 'b')
  releases.shift()?.()
  ask(second, 'c', none, 'c') // where b was
  ask(first, 'b', none, 'b')
  releases.shift()?.()
  hub.adjust({ ...whole, max: 4, queue: 0, buckets: ['a', 'c'] })
  for (let request = 0; request < 2; request++) ask(first, 'a', none, 'a')
  assert.throws(() => ask(first, 'a', none, 'a'), 'the common ones are taken')
  ask(second, 'c', none, 'c')
  assert.equal(hub.taken, 4)
})
