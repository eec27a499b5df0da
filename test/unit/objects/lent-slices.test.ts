import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Etag } from '../../../src/base/types.ts'
import { StoredObject } from '../../../src/objects/stored-object.ts'
import { Lending } from '../../support/lending.ts'
import { plentyToFill } from '../../support/plenty-to-fill.ts'
import { collect, key, never, sliceBytes, stage } from './rig.ts'

const slices = 4

/** A reader of an object whose slices are all in a tier that lends. `etag`: of the slices, unless they are the object's. */
async function openCached(etag?: Etag) {
  const lending = new Lending()
  const on = stage(slices, {}, plentyToFill(), lending.guard)
  const { origin, store, head } = on
  const bytesOf = (index: number) => Buffer.from(origin.bytes(index * sliceBytes, (index + 1) * sliceBytes))
  for (let index = 0; index < slices; index += 1) {
    const record = { kind: 'slice', etag: etag ?? head.etag, objectSize: head.size, bytes: bytesOf(index) } as const
    await store.put(key.sliceId(index), record)
  }
  const ref = { bucket: 'b', key: 'film', query: '' }
  const object = new StoredObject({ key, head, whole: undefined, ref, origin, forwarded: [], isLeader: false }, on)
  return { ...on, lending, object, bytesOf, whole: { start: 0, end: head.size } }
}

test('one slice at a time is borrowed, until the next one is asked for', async () => {
  const { object, lending, bytesOf, whole } = await openCached()
  const read = object.read(whole, never)
  for (let index = 0; index < slices; index += 1) {
    assert.deepEqual(Buffer.from((await read.next()).value ?? []), bytesOf(index))
    assert.deepEqual([lending.lent, lending.open], [index + 1, 1])
  }
  assert.equal((await read.next()).done, true)
  lending.assertNoneOpen()
})

test('a reader that took long over a slice goes on with a copy of the next', async () => {
  const { object, clock, lending, bytesOf, whole } = await openCached()
  const read = object.read(whole, never)
  await read.next()
  await clock.advance(1000)
  const slow = await read.next()
  lending.assertNoneOpen()
  assert.deepEqual(Buffer.from(slow.value ?? []), bytesOf(1))
  await read.next()
  assert.equal(lending.open, 1)
  await read.return()
  lending.assertNoneOpen()
})

test('what was borrowed for the first byte is given back when it is not read', async () => {
  const { object, lending, whole } = await openCached()
  assert.equal(await object.prepare(whole, never), 'tier')
  assert.equal(lending.open, 1)
  object.release()
  lending.assertNoneOpen()
})

test('a slice of another version is given back, and the right one fetched', async () => {
  const { object, lending, bytesOf, whole } = await openCached('"another"' as Etag)
  assert.equal(await object.prepare(whole, never), 'asked')
  lending.assertNoneOpen()
  assert.notEqual(lending.lent, 0)
  const read = await collect(copies(object.read({ start: 0, end: sliceBytes }, never)))
  assert.deepEqual(Buffer.from(read), bytesOf(0))
  object.release()
})

async function* copies(pieces: AsyncIterable<Uint8Array>) {
  for await (const piece of pieces) yield Uint8Array.from(piece)
}
