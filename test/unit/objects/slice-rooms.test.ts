import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { SliceFill } from '../../../src/objects/slice-fill.ts'
import { StoredObject } from '../../../src/objects/stored-object.ts'
import { copying, Lending } from '../../support/lending.ts'
import { plentyToFill } from '../../support/plenty-to-fill.ts'
import { key, never, quiet, sliceBytes, stage } from './rig.ts'

const slices = 12
const size = slices * sliceBytes

/** Slices come in rooms that are overwritten when they are given back. */
function startLending() {
  const rooms = new Lending()
  const on = stage(slices, { pauses: [0, 3, 1] }, plentyToFill(), copying, rooms)
  const ref = { bucket: 'b', key: 'film', query: '' }
  const { head, origin } = on
  const open = () => new StoredObject({ key, head, whole: undefined, ref, origin, forwarded: [], isLeader: false }, on)
  return { ...on, rooms, open }
}

test('a room is given back when the last one who holds the slice lets go, and not sooner', async () => {
  const rooms = new Lending()
  const first = new SliceFill(2, rooms).hold()
  const second = first.fill.hold()
  first.fill.append(Uint8Array.of(1, 2), 0)
  first.release()
  first.release()
  assert.deepEqual([[...second.fill.bytes], rooms.open], [[1, 2], 1])
  second.release()
  assert.equal(rooms.open, 0)
  assert.throws(() => second.fill.bytes, /not complete/)
  await assert.rejects(second.fill.read(0, 2, never).next(), /nobody holds/)
})

test('a slice that nobody has a byte of yet takes no room', () => {
  const rooms = new Lending()
  new SliceFill(2, rooms).hold().release()
  assert.equal(rooms.lent, 0)
})

const turns = async (count: number) => {
  for (let left = count; left > 0; left -= 1) await turn()
}

interface Reader {
  readonly start: number
  /** Turns of the event loop, for each piece anew. */
  readonly pauses: readonly number[]
  readonly comesAfter: number
  /** So many pieces; null: it stays. */
  readonly leavesAfter: number | null
  readonly isSlow: boolean
}

async function readAs(reader: Reader, { open, origin, clock }: ReturnType<typeof startLending>): Promise<void> {
  await turns(reader.comesAfter)
  const object = open()
  const range = { start: reader.start, end: size }
  await object.prepare(range, never)
  let [at, pieces] = [reader.start, 0]
  for await (const piece of object.read(range, never)) {
    const expected = Buffer.from(origin.bytes(at, at + piece.length))
    assert.ok(expected.equals(piece), `at ${at}`)
    await turns(reader.pauses[pieces % reader.pauses.length] ?? 0)
    if (reader.isSlow) await clock.advance(300)
    assert.ok(expected.equals(piece), `at ${at}, after a while`)
    at += piece.length
    if (pieces++ === reader.leavesAfter) break
  }
  if (reader.leavesAfter === null) assert.equal(at, size)
  object.release()
}

test('readers of any pace, some of whom leave, get the bytes of the object, and all rooms are given back', async () => {
  const reader = fc.record({
    start: fc.nat(size - 1),
    pauses: fc.array(fc.nat(12), { minLength: 1, maxLength: 5 }),
    comesAfter: fc.nat(40),
    leavesAfter: fc.option(fc.nat(20)),
    isSlow: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(reader, { minLength: 1, maxLength: 6 }), async (readers) => {
      const lending = startLending()
      await Promise.all(readers.map((each) => readAs(each, lending)))
      await quiet()
      assert.equal(lending.runs.size, 0)
      lending.rooms.assertNoneOpen()
      assert.notEqual(lending.rooms.lent, 0)
    }),
  )
})

test('what was prepared and is not read gives its room back', async () => {
  const { open, rooms } = startLending()
  const object = open()
  await object.prepare({ start: 0, end: size }, never)
  assert.notEqual(rooms.open, 0)
  object.release()
  await quiet()
  rooms.assertNoneOpen()
})
