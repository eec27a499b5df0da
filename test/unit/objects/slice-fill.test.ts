import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SliceFill } from '../../../src/objects/slice-fill.ts'
import { collect, never, quiet } from './rig.ts'

const bytes = (...values: number[]) => Uint8Array.from(values)

test('a fill takes what fits of a chunk, from the offset on, and says how much that was', () => {
  const fill = new SliceFill(4)
  assert.equal(fill.isEmpty, true)
  assert.equal(fill.append(bytes(0, 1, 2), 1), 2)
  assert.equal(fill.isComplete, false)
  assert.equal(fill.append(bytes(3, 4, 5, 6), 0), 2)
  assert.equal(fill.isComplete, true)
  assert.deepEqual([...fill.bytes], [1, 2, 3, 4])
})

test('a fill keeps a copy of exactly its size, and nothing of the chunks', () => {
  const fill = new SliceFill(2)
  const chunk = bytes(1, 2, 3)
  fill.append(chunk, 0)
  chunk.fill(9)
  assert.deepEqual([...fill.bytes], [1, 2])
  assert.equal(fill.bytes.buffer.byteLength, 2)
})

test('the bytes of a fill that is not complete cannot be had', () => {
  assert.throws(() => new SliceFill(2).bytes, /not complete/)
})

test('readers follow at their own pace and get just their part', async () => {
  const fill = new SliceFill(6)
  fill.append(bytes(1, 2), 0)
  const early = collect(fill.read(0, 6, never))
  const part = collect(fill.read(3, 5, never))
  await quiet()
  fill.append(bytes(3, 4), 0)
  await quiet()
  fill.append(bytes(5, 6), 0)
  assert.deepEqual([...(await early)], [1, 2, 3, 4, 5, 6])
  assert.deepEqual([...(await part)], [4, 5])
  assert.deepEqual([...(await collect(fill.read(1, 6, never)))], [2, 3, 4, 5, 6])
})

test('readers of a fill that fails get what has arrived, then the failure', async () => {
  const fill = new SliceFill(4)
  fill.append(bytes(1, 2), 0)
  const reading = fill.read(0, 4, never)
  assert.deepEqual([...((await reading.next()).value ?? [])], [1, 2])
  const rest = reading.next()
  fill.fail(new Error('broken off'))
  await assert.rejects(rest, /broken off/)
  assert.deepEqual([...(await collect(fill.read(0, 2, never)))], [1, 2])
})

test('a complete fill does not fail any more', async () => {
  const fill = new SliceFill(1)
  fill.append(bytes(1), 0)
  fill.fail(new Error('too late'))
  assert.deepEqual([...(await collect(fill.read(0, 1, never)))], [1])
})

test('a reader that leaves while it waits gets the reason, and the others nothing of it', async () => {
  const fill = new SliceFill(2)
  const leaver = new AbortController()
  const left = fill.arrived(0, leaver.signal)
  const stays = fill.arrived(0, never)
  leaver.abort(new Error('client gone'))
  await assert.rejects(left, /client gone/)
  fill.append(bytes(1), 0)
  await stays
})

test('an arrival is more than the count, not as much', async () => {
  const fill = new SliceFill(2)
  let came = false
  const arrival = fill.arrived(1, never).then(() => {
    came = true
  })
  fill.append(bytes(1), 0)
  await quiet()
  assert.equal(came, false)
  fill.append(bytes(2), 0)
  await arrival
})
