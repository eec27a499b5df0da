import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { Abandoned } from '../../src/base/errors.ts'
import type { Release, SlotOptions, Slots } from '../../src/limits/concurrency.ts'
import { FakeClock } from '../support/fake-clock.ts'

export type MakeSlots = (options: SlotOptions, clock: FakeClock) => Slots

const waitLimitMs = 30_000

const overloaded = { name: 'ProxyError', code: 'Overloaded' }

/** What requests can rely on that share slots, whoever counts them. */
export function slotsContract(name: string, make: MakeSlots): void {
  const stage = (options: Partial<SlotOptions> = {}) => stageOf(make, options)

  describe(`${name}, without a queue`, () => {
    test('as many as there are slots are let in, and the next one when one of them has left', async () => {
      const { slots, askAll, ask, release } = stage({ max: 2 })
      askAll('a1 a2')
      assert.throws(() => void ask('a3'), overloaded)
      await release('a1')
      askAll('a3')
      assert.equal(slots.taken, 2)
    })

    const shares = [
      { max: 10, buckets: 'a', mostOfOne: 10, leftForAnother: 0 },
      { max: 10, buckets: 'ab', mostOfOne: 8, leftForAnother: 2 },
      { max: 100, buckets: 'abcde', mostOfOne: 60, leftForAnother: 10 },
      // Too few to promise anything.
      { max: 3, buckets: 'ab', mostOfOne: 3, leftForAnother: 0 },
    ]
    for (const { max, buckets, mostOfOne, leftForAnother } of shares) {
      test(`of ${max} slots, one of ${buckets.length} buckets takes ${mostOfOne} and leaves each other ${leftForAnother}`, () => {
        const { slots, ask } = stage({ max, buckets: [...buckets] })
        for (let i = 0; i < mostOfOne; i++) void ask(`a${i}`)
        assert.throws(() => void ask('a'), overloaded)
        for (const bucket of buckets.slice(1)) {
          for (let i = 0; i < leftForAnother; i++) void ask(`${bucket}${i}`)
          assert.throws(() => void ask(bucket), overloaded)
        }
        assert.equal(slots.taken, max)
      })
    }
  })

  describe(`${name}, in the queue`, () => {
    test('requests of a bucket are let in by order of arrival', async () => {
      const { admitted, askAll, release } = stage({ queue: 3 })
      askAll('a1 a2 a3 a4')
      for (const name of ['a1', 'a2', 'a3']) await release(name)
      assert.deepEqual(admitted, ['a1', 'a2', 'a3', 'a4'])
    })

    test('buckets take turns, however many of one bucket came first', async () => {
      const { admitted, askAll, release } = stage({ max: 1, queue: 12, buckets: ['a', 'b', 'c'] })
      askAll('a1 a2 a3 a4 b1 b2 c1')
      for (const name of ['a1', 'a2', 'b1', 'c1', 'a3', 'b2']) await release(name)
      assert.deepEqual(admitted, ['a1', 'a2', 'b1', 'c1', 'a3', 'b2', 'a4'])
    })

    test('a slot promised to a bucket passes on within it, whoever else waits longer', async () => {
      const { admitted, askAll, release } = stage({ max: 4, queue: 4, buckets: ['a', 'b'] })
      askAll('a1 a2 a3 b1') // one promised to each, two common ones with a
      askAll('a4 b2')
      await release('b1')
      assert.deepEqual(admitted.slice(4), ['b2'])
      await release('a1')
      assert.deepEqual(admitted.slice(5), ['a4'])
    })

    test('there is room for so many, and a part of it is kept for each bucket', () => {
      const { slots, askAll, ask } = stage({ max: 1, queue: 4, buckets: ['a', 'b'] })
      askAll('a0 a1 a2 a3')
      assert.throws(() => void ask('a4'), overloaded)
      askAll('b1')
      assert.throws(() => void ask('b2'), overloaded)
      assert.equal(slots.waiting, 4)
    })

    test('whoever leaves makes room, and is let in no more', async () => {
      const { clock, admitted, askAll, ask, release } = stage({ queue: 2 })
      askAll('a1')
      const client = new AbortController()
      const leaving = ask('a2', client.signal)
      askAll('a3')
      client.abort(new Abandoned('the client is gone'))
      await assert.rejects(leaving, Abandoned)
      askAll('a4')
      await release('a1')
      await release('a3')
      assert.deepEqual(admitted, ['a1', 'a3', 'a4'])
      assert.equal(clock.waiting, 0)
    })

    test('a client that leaves once it was let in has left the queue already', async () => {
      const { slots, askAll, ask, release } = stage({ queue: 1 })
      askAll('a1')
      const client = new AbortController()
      void ask('a2', client.signal)
      await release('a1')
      client.abort(new Abandoned('gone'))
      askAll('a3')
      assert.throws(() => void ask('a4'), overloaded)
      assert.deepEqual([slots.taken, slots.waiting], [1, 1])
    })

    test('a client that is gone before it would wait does not', () => {
      const { slots, askAll, ask } = stage({ queue: 1 })
      askAll('a1')
      assert.throws(() => void ask('a2', AbortSignal.abort(new Abandoned('gone'))), Abandoned)
      assert.equal(slots.waiting, 0)
    })

    test('nobody waits longer than the limit', async () => {
      const { clock, slots, askAll, ask, admitted, release } = stage({ queue: 1 })
      askAll('a1')
      const late = assert.rejects(ask('a2'), overloaded)
      await clock.advance(waitLimitMs - 1)
      assert.equal(slots.waiting, 1)
      await clock.advance(1)
      await late
      await release('a1')
      assert.deepEqual([slots.taken, slots.waiting, admitted], [0, 0, ['a1']])
    })

    test('the last one of a bucket to leave takes nobody else’s turn along', async () => {
      const { admitted, askAll, ask, release } = stage({ max: 1, queue: 8, buckets: ['a', 'b'] })
      askAll('a1')
      const client = new AbortController()
      const leaving = ask('a2', client.signal)
      askAll('b1')
      client.abort(new Abandoned('gone'))
      await assert.rejects(leaving, Abandoned)
      await release('a1')
      assert.deepEqual(admitted, ['a1', 'b1'])
    })
  })

  describe(`${name}, adjusted`, () => {
    test('to more slots, those who wait are let in, the buckets in turn', async () => {
      const { slots, whole, admitted, askAll } = stage({ max: 1, queue: 8, buckets: ['a', 'b'] })
      askAll('a1 a2 a3 b1')
      slots.adjust({ ...whole, max: 3 })
      await turn()
      assert.deepEqual(admitted.toSorted(), ['a1', 'a2', 'b1'])
    })

    test('to fewer, nobody is let in before so many have left', async () => {
      const { slots, whole, ask, askAll, release } = stage({ max: 3 })
      askAll('a1 a2 a3')
      slots.adjust({ ...whole, max: 1 })
      for (const name of ['a1', 'a2']) {
        await release(name)
        assert.throws(() => void ask('a4'), overloaded)
      }
      await release('a3')
      askAll('a4')
    })

    test('to a new bucket, it has its part at once', () => {
      const { slots, whole, askAll, ask } = stage({ max: 4 })
      askAll('a1 a2 a3 a4')
      slots.adjust({ ...whole, buckets: ['a', 'b'] })
      askAll('b1')
      assert.throws(() => void ask('b2'), overloaded)
    })

    test('to one bucket less, its requests under way and in the queue still count, and end as they would', async () => {
      const { slots, whole, admitted, askAll, release } = stage({ max: 2, queue: 1, buckets: ['a', 'b'] })
      askAll('b1 b2 b3')
      slots.adjust({ ...whole, buckets: ['a'] })
      assert.deepEqual([slots.taken, slots.waiting], [2, 1])
      askAll('a1') // its part
      await release('b1')
      await release('b2')
      assert.deepEqual(admitted, ['b1', 'b2', 'a1', 'b3'])
      await release('a1')
      await release('b3')
      assert.deepEqual([slots.taken, slots.waiting], [0, 0])
    })
  })
}

function stageOf(make: MakeSlots, options: Partial<SlotOptions>) {
  const clock = new FakeClock()
  const whole = { max: 1, queue: 0, waitLimitMs, buckets: ['a'], ...options }
  const slots = make(whole, clock)
  const admitted: string[] = []
  const releases = new Map<string, Release>()
  /** Asks for a slot in the name of somebody whose first letter is the bucket's name. */
  const ask = (name: string, signal = new AbortController().signal): Promise<void> => {
    const taken = (release: Release) => {
      admitted.push(name)
      releases.set(name, release)
    }
    const slot = slots.take(name.slice(0, 1), { signal })
    if (slot instanceof Promise) return slot.then(taken)
    taken(slot)
    return Promise.resolve()
  }
  const askAll = (names: string) => {
    for (const name of names.split(' ')) void ask(name)
  }
  const release = async (name: string) => {
    releases.get(name)?.()
    await turn()
  }
  return { clock, slots, whole, admitted, ask, askAll, release }
}
