/** Denials of several threads, counted together. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createDenialWatch, type RepeatedDenials } from '../../../src/audit/denial-watch.ts'
import { createRemoteDenialWatch, type DenialCalls, denialCalls } from '../../../src/workers/denials.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { linkedSides } from '../../support/linked-sides.ts'

test('twenty denials of an address are told of once, however many threads answered them', async () => {
  const clock = new FakeClock()
  const told: RepeatedDenials[] = []
  const watch = createDenialWatch({ clock, repeated: (denials) => told.push(denials) })
  using one = linkedSides(denialCalls(watch))
  using two = linkedSides(denialCalls(watch))
  const [first, second] = [createRemoteDenialWatch(one.near, clock), createRemoteDenialWatch(two.near, clock)]
  for (let count = 0; count < 10; count++) first.denied('192.0.2.1', undefined)
  for (let count = 0; count < 9; count++) second.denied('192.0.2.1', 'ann')
  for (let count = 0; count < 12; count++) second.denied('192.0.2.2', undefined)
  await clock.advance(250)
  await Promise.all([one.settle(), two.settle()])
  assert.deepEqual(told, [])
  second.denied('192.0.2.1', 'bob')
  await clock.advance(250)
  await two.settle()
  assert.deepEqual(told, [{ client_ip: '192.0.2.1', user: 'bob', denials: 20 }])
})

test('a flood of denials is few messages, of no more than a thousand addresses each', async () => {
  const clock = new FakeClock()
  const sizes: number[] = []
  const calls: DenialCalls = { denied: (denials) => void sizes.push(denials.length) }
  using sides = linkedSides(calls)
  const watch = createRemoteDenialWatch(sides.near, clock)
  for (let count = 0; count < 25_000; count++) watch.denied(`${count % 2500}`, undefined)
  await clock.advance(250)
  await sides.settle()
  assert.ok(sizes.every((size) => size <= 1000))
  assert.equal(sizes.length, 25)
  for (let count = 0; count < 25_000; count++) watch.denied('192.0.2.1', undefined)
  await clock.advance(1000)
  await sides.settle()
  assert.deepEqual(sizes.slice(25), [1])
})
