import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ByteWorth, sizeClasses, sizeClassOf } from '../../../src/cache/size-classes.ts'

test('sizes fall into half octaves', () => {
  const classes = [1, 2, 3, 4, 5, 6, 7, 8, 1024, 1535, 1536, 2047, 2048].map(sizeClassOf)
  assert.deepEqual(classes, [2, 2, 3, 4, 4, 5, 5, 6, 20, 20, 21, 21, 22])
})

test('classes never fall as sizes rise, up to any size', () => {
  let last = 0
  for (let size = 1; size < 2 ** 50; size = Math.ceil(size * 1.1)) {
    const sizeClass = sizeClassOf(size)
    assert.ok(sizeClass >= last && sizeClass < sizeClasses)
    last = sizeClass
  }
  assert.equal(last, sizeClasses - 1)
})

test('a byte of a small entry is worth more, and no byte less than its part of the mean', () => {
  const worth = new ByteWorth()
  for (let index = 0; index < 4; index++) worth.note(1000)
  assert.ok(worth.of(sizeClassOf(100)) > worth.of(sizeClassOf(1000)))
  const floor = 1 / (2 * 1000)
  assert.ok(worth.of(sizeClassOf(2 ** 31)) - floor < 1e-9)
  assert.ok(worth.of(sizeClassOf(2 ** 31)) > floor)
})

test('the mean follows the sizes that come in', () => {
  const worth = new ByteWorth()
  for (let index = 0; index < 10_000; index++) worth.note(100)
  const before = worth.of(sizeClasses - 1)
  for (let index = 0; index < 100_000; index++) worth.note(10_000)
  const after = worth.of(sizeClasses - 1)
  assert.ok(Math.abs(before - 1 / 200) < 1e-6)
  assert.ok(Math.abs(after - 1 / 20_000) < 1e-6)
})
