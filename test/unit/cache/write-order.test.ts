import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WriteOrder } from '../../../src/cache/write-order.ts'
import { Barrier } from '../../support/barrier.ts'
import { idOf } from '../../support/cache-records.ts'

const [a, b] = [idOf('a'), idOf('b')]

test('writes to one record happen one after the other, those to others meanwhile', async () => {
  const order = new WriteOrder()
  const [hold, log] = [new Barrier(), [] as string[]]
  const first = order.run(a, async () => {
    await hold.arrive()
    log.push('first')
  })
  const second = order.run(a, async () => void log.push('second'))
  await order.run(b, async () => void log.push('other'))
  assert.deepEqual(log, ['other'])
  hold.release()
  await Promise.all([first, second])
  assert.deepEqual(log, ['other', 'first', 'second'])
})

test('a write that fails rejects, and lets the next one go', async () => {
  const order = new WriteOrder()
  const failed = order.run(a, () => Promise.reject(new Error('full')))
  const next = order.run(a, async () => 'done')
  await assert.rejects(failed, /full/)
  assert.equal(await next, 'done')
})

test('settled waits for the writes to a record, allSettled for all of them', async () => {
  const order = new WriteOrder()
  const hold = new Barrier()
  let isWritten = false
  const written = order.run(a, async () => {
    await hold.arrive()
    isWritten = true
  })
  await order.settled(b)
  assert.equal(isWritten, false)
  const [one, all] = [order.settled(a), order.allSettled()]
  hold.release()
  await one
  assert.equal(isWritten, true)
  await Promise.all([written, all])
})
