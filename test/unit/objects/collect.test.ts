import assert from 'node:assert/strict'
import { test } from 'node:test'
import { collect } from '../../../src/objects/collect.ts'
import { HandBody, collect as readAll } from './rig.ts'

const chunk = (text: string) => Buffer.from(text)

test('a body up to the limit is read whole, into a buffer of its size', async () => {
  const body = new HandBody()
  body.push(chunk('ab'), chunk('cd'))
  body.end()
  const collected = await collect(body, 4)
  assert.equal(collected.kind, 'whole')
  if (collected.kind !== 'whole') return
  assert.equal(Buffer.from(collected.bytes).toString(), 'abcd')
  assert.equal(collected.bytes.buffer.byteLength, 4)
})

test('an empty body is whole', async () => {
  const body = new HandBody()
  body.end()
  assert.deepEqual(await collect(body, 4), { kind: 'whole', bytes: Buffer.alloc(0) })
})

test('a longer body is handed on from its beginning, and read no further than it takes to know', async () => {
  const body = new HandBody()
  body.push(chunk('abc'), chunk('de'))
  const collected = await collect(body, 4)
  assert.equal(collected.kind, 'longer')
  if (collected.kind !== 'longer') return
  body.push(chunk('f'))
  body.end()
  assert.equal((await readAll(collected.body)).toString(), 'abcdef')
})

test('a longer body that is left early, or cancelled, is let go', async () => {
  for (const leave of ['early', 'cancelled']) {
    const body = new HandBody()
    body.push(chunk('abcde'), chunk('f'))
    const collected = await collect(body, 4)
    assert.ok(collected.kind === 'longer')
    if (leave === 'cancelled') collected.body.cancel()
    else for await (const _ of collected.body) break
    assert.equal(body.isCancelled, true, leave)
  }
})

test('a body that fails within the limit fails the collecting, and after it the reader', async () => {
  const short = new HandBody()
  short.push(chunk('ab'), new Error('broken off'))
  await assert.rejects(collect(short, 4), /broken off/)
  const long = new HandBody()
  long.push(chunk('abcde'), new Error('broken off'))
  const collected = await collect(long, 4)
  assert.ok(collected.kind === 'longer')
  await assert.rejects(readAll(collected.body), /broken off/)
})
