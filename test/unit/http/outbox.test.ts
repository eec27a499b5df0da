import assert from 'node:assert/strict'
import test from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Outbox } from '../../../src/http/outbox.ts'

test('what is put in one turn of the event loop leaves at its end, in order', async () => {
  const outbox = new Outbox()
  const sent: number[] = []
  for (const number of [1, 2, 3]) outbox.put(() => sent.push(number))
  assert.deepEqual(sent, [])
  await nextTurn()
  assert.deepEqual(sent, [1, 2, 3])
})

test('what is put while others leave goes in the next turn', async () => {
  const outbox = new Outbox()
  const sent: number[] = []
  outbox.put(() => {
    sent.push(1)
    outbox.put(() => sent.push(2))
  })
  await nextTurn()
  assert.deepEqual(sent, [1])
  await nextTurn()
  assert.deepEqual(sent, [1, 2])
})

test('of very many ready at once, the first do not wait for all', async () => {
  const outbox = new Outbox()
  let sent = 0
  for (let put = 1; put <= 1000; put += 1) {
    outbox.put(() => {
      sent += 1
    })
    assert.ok(put - sent <= 64)
  }
  await nextTurn()
  assert.equal(sent, 1000)
})
