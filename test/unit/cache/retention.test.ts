import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RecordId } from '../../../src/base/types.ts'
import { LruRetention } from '../../../src/cache/lru.ts'
import type { Retention, RetentionOptions } from '../../../src/cache/retention.ts'
import { S3GdRetention } from '../../../src/cache/s3gd.ts'
import { idOf } from '../../support/cache-records.ts'

const kinds: Record<string, (options: RetentionOptions) => Retention<string>> = {
  s3gd: (options) => new S3GdRetention(options),
  lru: (options) => new LruRetention(options),
}

for (const [name, create] of Object.entries(kinds)) {
  const make = (onEvict: RetentionOptions['onEvict'] = () => undefined) =>
    create({ maxBytes: 1000, maxEntryBytes: 500, onEvict })

  test(`${name} gives back what was set, by get and by peek, and knows its bytes`, () => {
    const retention = make()
    assert.equal(retention.set(idOf('a'), 'value', 100), true)
    assert.equal(retention.get(idOf('a')), 'value')
    assert.equal(retention.peek(idOf('a')), 'value')
    assert.equal(retention.bytesOf(idOf('a')), 100)
    assert.equal(retention.get(idOf('b')), undefined)
    assert.equal(retention.bytesOf(idOf('b')), undefined)
    assert.deepEqual([...retention.keys()], [idOf('a')])
  })

  test(`${name} counts a replaced entry once`, () => {
    const retention = make()
    retention.set(idOf('a'), 'old', 100)
    retention.set(idOf('a'), 'new', 300)
    assert.equal(retention.get(idOf('a')), 'new')
    assert.equal(retention.bytes, 300)
    assert.equal(retention.size, 1)
  })

  test(`${name} replaces a value by itself under another size`, () => {
    const retention = make()
    retention.set(idOf('a'), 'same', 100)
    retention.set(idOf('a'), 'same', 200)
    assert.equal(retention.bytes, 200)
  })

  test(`${name} declines what is larger than an entry may be, and forgets the older one`, () => {
    const retention = make()
    retention.set(idOf('a'), 'old', 100)
    assert.equal(retention.set(idOf('a'), 'new', 501), false)
    assert.equal(retention.peek(idOf('a')), undefined)
    assert.equal(retention.bytes, 0)
    assert.deepEqual([...retention.keys()], [])
    assert.equal(retention.set(idOf('a'), 'exact', 500), true)
  })

  test(`${name} delete says what it freed`, () => {
    const retention = make()
    retention.set(idOf('a'), 'value', 100)
    assert.equal(retention.delete(idOf('a')), 100)
    assert.equal(retention.delete(idOf('a')), undefined)
    assert.equal(retention.bytes, 0)
  })

  test(`${name} reports victims, and neither what is replaced, deleted nor declined`, () => {
    const victims: [RecordId, number][] = []
    const retention = make((id, bytes) => victims.push([id, bytes]))
    retention.set(idOf('a'), 'a', 400)
    retention.set(idOf('a'), 'a again', 400)
    retention.delete(idOf('a'))
    retention.set(idOf('b'), 'b', 501)
    assert.deepEqual(victims, [])
    for (const object of ['c', 'd', 'e']) retention.set(idOf(object), object, 400)
    assert.deepEqual(victims, [[idOf('c'), 400]])
  })

  test(`${name} counts what is got, and goes on counting when the value is replaced`, () => {
    const retention = make()
    assert.equal(retention.usesOf(idOf('a')), undefined)
    retention.set(idOf('a'), 'old', 100)
    for (let times = 0; times < 300; times++) retention.get(idOf('a'))
    retention.peek(idOf('a'))
    retention.set(idOf('a'), 'new', 200)
    retention.get(idOf('a'))
    assert.equal(retention.usesOf(idOf('a')), 301)
    retention.delete(idOf('a'))
    retention.set(idOf('b'), 'in its place', 100)
    retention.set(idOf('a'), 'again', 100)
    assert.deepEqual([retention.usesOf(idOf('a')), retention.usesOf(idOf('b'))], [0, 0])
  })

  test(`${name} tells of every id that stays, whatever changes while they are read`, () => {
    const retention = create({ maxBytes: 10_000, maxEntryBytes: 500, onEvict: () => undefined })
    const ids = Array.from({ length: 20 }, (_, index) => idOf(`${index}`))
    for (const id of ids) retention.set(id, id, 100)
    const told: RecordId[] = []
    for (const id of retention.keys()) {
      told.push(id)
      retention.get(ids[19] as RecordId)
      retention.get(ids[3] as RecordId)
      retention.delete(ids[told.length * 4] as RecordId)
      retention.set(idOf(`new ${told.length}`), 'new', 100)
    }
    for (const [index, id] of ids.entries()) {
      const count = told.filter((one) => one === id).length
      assert.ok(count === 1 || (count === 0 && index > 0 && index % 4 === 0), id)
    }
  })

  test(`${name} shrinks to what it is told, down to nothing`, () => {
    const victims: RecordId[] = []
    const retention = make((id) => victims.push(id))
    for (let index = 0; index < 10; index++) retention.set(idOf(`${index}`), 'value', 100)
    retention.shrinkTo(450)
    assert.equal(retention.bytes, 400)
    retention.shrinkTo(0)
    assert.equal(retention.size, 0)
    assert.equal(victims.length, 10)
    assert.deepEqual([...retention.keys()], [])
    retention.shrinkTo(0)
    retention.set(idOf('a'), 'a', 500)
    retention.set(idOf('b'), 'b', 500)
    assert.equal(retention.bytes, 1000)
  })
}

test('lru evicts what was used longest ago', () => {
  const victims: RecordId[] = []
  const retention = new LruRetention<string>({ maxBytes: 300, maxEntryBytes: 300, onEvict: (id) => victims.push(id) })
  for (const object of ['a', 'b', 'c']) retention.set(idOf(object), object, 100)
  retention.get(idOf('a'))
  retention.peek(idOf('b'))
  retention.set(idOf('d'), 'd', 200)
  assert.deepEqual(victims, [idOf('b'), idOf('c')])
})
