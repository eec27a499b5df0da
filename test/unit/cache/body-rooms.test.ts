import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BodyRooms } from '../../../src/cache/body-rooms.ts'

const KiB = 1024

test('a room that was given back is used again, by bodies of about its size alone', () => {
  const rooms = new BodyRooms()
  const first = rooms.take(100 * KiB)
  first?.release()
  const [larger, second] = [rooms.take(120 * KiB), rooms.take(99 * KiB)]
  assert.notEqual(larger?.bytes.buffer, first?.bytes.buffer)
  assert.equal(second?.bytes.buffer, first?.bytes.buffer)
  assert.deepEqual([first?.bytes.length, second?.bytes.length], [100 * KiB, 99 * KiB])
})

test('nobody else has a room before it is given back, nor because it is given back twice', () => {
  const rooms = new BodyRooms()
  const first = rooms.take(100 * KiB)
  assert.notEqual(rooms.take(100 * KiB)?.bytes.buffer, first?.bytes.buffer)
  first?.release()
  first?.release()
  const [second, third] = [rooms.take(100 * KiB), rooms.take(100 * KiB)]
  assert.notEqual(second?.bytes.buffer, third?.bytes.buffer)
})

for (const [said, idle] of [
  [undefined, 128],
  [1024 * KiB, 8],
] as const) {
  test(`no more than ${said === undefined ? '16 MiB' : 'what is said'} lie idle`, () => {
    const rooms = new BodyRooms(said)
    const take = () => Array.from({ length: 200 }, () => rooms.take(128 * KiB))
    const taken = take()
    for (const room of taken) room?.release()
    const known = new Set(taken.map((room) => room?.bytes.buffer))
    assert.equal(take().filter((room) => known.has(room?.bytes.buffer)).length, idle)
  })
}

test('rooms of a size that nobody asks for any more make way for those of another', () => {
  const rooms = new BodyRooms()
  const take = (bytes: number) => Array.from({ length: 200 }, () => rooms.take(bytes))
  for (const room of take(128 * KiB)) room?.release()
  const taken = take(64 * KiB)
  for (const room of taken) room?.release()
  const known = new Set(taken.map((room) => room?.bytes.buffer))
  assert.equal(take(64 * KiB).filter((room) => known.has(room?.bytes.buffer)).length, 200)
})

test('for a small body there is none', () => {
  assert.equal(new BodyRooms().take(16 * KiB - 1), undefined)
  assert.equal(new BodyRooms().take(-1), undefined)
})
