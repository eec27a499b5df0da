import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startWorkers } from '../../support/start-proxy.ts'

/** More than one connection, so that more than one thread has some. */
const many = 64
const MiB = 1_048_576

test('a cold object is asked for once, however many threads want it', async (t) => {
  const { proxy, origin } = await startWorkers(t, 3)
  const object = origin.serve('a', 'crow')
  const gate = object.delayHead()
  const answers = Promise.all(Array.from({ length: many }, () => proxy.get('/b/a')))
  await origin.arrival('a')
  await proxy.untilActive(many)
  gate.release()

  assert.deepEqual(new Set((await answers).map(({ text }) => text)), new Set(['crow']))
  assert.equal(origin.requests('a').length, 1)
})

test('of a large object each byte is asked for once', async (t) => {
  const { proxy, origin } = await startWorkers(t, 3)
  const bytes = Buffer.alloc(8 * MiB, 'crow and raven ')
  origin.serve('large', bytes)

  const answers = await Promise.all(Array.from({ length: 12 }, () => proxy.get('/b/large')))

  assert.equal(
    answers.every(({ body }) => body.equals(bytes)),
    true,
  )
  assert.equal(origin.bytesSent('large'), bytes.length)
})
